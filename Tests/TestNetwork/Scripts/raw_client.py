"""Plays raw TCP inputs, many at a time, and says what came back to each.

    raw_client.py PORT FILE

FILE: one JSON object per line, {"address": text, "input": text, "bytewise": bool, "ends": bool}.
`input` is latin-1; with `bytewise` every byte is a segment of its own; with `ends` the client ends
its direction behind it. It then reads until the connection is over.

One JSON line for each, in order: {"received": text, "ended": "eof" | "reset" | "timeout" | "refused"}.
"""

import concurrent.futures
import errno
import json
import select
import socket
import sys

AT_ONCE = 24
PATIENCE = 15


def send(connection, data, bytewise, received):
    """Reads along, so that an answer and a reset behind it don't outrun each other."""
    if not bytewise:
        return connection.sendall(data)
    for byte in data:
        connection.sendall(bytes([byte]))
        # Long enough for the other side to have seen it alone; an answer may come early.
        if select.select([connection], [], [], 0.0005)[0]:
            received += connection.recv(65536)


def play(port, turn):
    received = bytearray()
    family = socket.AF_INET6 if ":" in turn["address"] else socket.AF_INET
    with socket.socket(family) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect((turn["address"], port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ended = "eof"
            # Who is told of the end while sending finds what was answered before still there.
            try:
                send(connection, turn["input"].encode("latin-1"), turn["bytewise"], received)
                if turn["ends"]:
                    connection.shutdown(socket.SHUT_WR)
            except BrokenPipeError:
                pass
            except ConnectionResetError:
                ended = "reset"
            except OSError as error:
                if error.errno != errno.ENOTCONN:
                    raise
            while data := connection.recv(65536):
                received += data
        except ConnectionRefusedError:
            ended = "refused"
        except ConnectionResetError:
            ended = "reset"
        except socket.timeout:
            ended = "timeout"
    return {"received": received.decode("latin-1"), "ended": ended}


def main(port, path):
    with open(path, encoding="utf-8") as file:
        turns = [json.loads(line) for line in file]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for result in pool.map(lambda turn: play(int(port), turn), turns):
            print(json.dumps(result))


main(*sys.argv[1:])
