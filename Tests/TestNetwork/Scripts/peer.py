"""A TCP peer that does what it is told, step by step, and says what it saw.

    peer.py connect ADDRESS PORT STEP...
    peer.py listen ADDRESS PORT STEP...     (serves every connection alike; prints `ready` first)

Steps: send:TEXT  dribble:TEXT (a byte at a time)  read:N (bytes)  until:TEXT  end (read to the
end)  shutdown (of the writing side)  reset  signal (wait for SIGUSR1)  hold (read and discard until
the end)  fill:N (sends N zero bytes)  chunks:N (the same as a chunked body)  skip:TEXT (reads and counts
until TEXT comes last, which must be what the other side then waits with).
In TEXT, \\r, \\n and \\xNN are escapes. Each finished connection is one line of JSON on standard
output: {"received": text, "skipped": N, "ended": null | "eof" | "reset" | "refused" | "timeout" |
...}.
"""

import json
import select
import signal
import socket
import struct
import sys
import threading

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
printing = threading.Lock()
BLOCK = bytes(65536)


def decode(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def play(connection, steps):
    received = bytearray()
    skipped = 0
    ended = None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read():
        data = connection.recv(65536)
        received.extend(data)
        return data

    try:
        for step in steps:
            verb, _, argument = step.partition(":")
            if verb == "send":
                connection.sendall(decode(argument))
            elif verb == "dribble":
                for byte in decode(argument):
                    connection.sendall(bytes([byte]))
                    select.select([connection], [], [], 0.001)
            elif verb == "read":
                wanted = len(received) + int(argument)
                while len(received) < wanted and ended is None:
                    ended = None if read() else "eof"
            elif verb == "until":
                while decode(argument) not in received and ended is None:
                    ended = None if read() else "eof"
            elif verb in ("end", "hold"):
                while ended is None:
                    ended = None if read() else "eof"
            elif verb == "fill":
                for _ in range(int(argument) // len(BLOCK)):
                    connection.sendall(BLOCK)
                connection.sendall(BLOCK[:int(argument) % len(BLOCK)])
            elif verb == "chunks":
                for _ in range(int(argument) // len(BLOCK)):
                    connection.sendall(b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK))
                connection.sendall(b"0\r\n\r\n")
            elif verb == "skip":
                last = bytes(received)
                while not last.endswith(decode(argument)):
                    data = connection.recv(1 << 20)
                    if not data:
                        ended = "eof"
                        break
                    skipped += len(data)
                    last = (last + data)[-len(argument):]
            elif verb == "shutdown":
                connection.shutdown(socket.SHUT_WR)
            elif verb == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                break
            elif verb == "signal":
                signal.sigwait({signal.SIGUSR1})
            else:
                raise ValueError(step)
    except ConnectionResetError:
        ended = "reset"
    except BrokenPipeError:
        ended = "broken pipe"
    except socket.timeout:
        ended = "timeout"
    connection.close()
    say(received, ended, skipped)


def say(received, ended, skipped=0):
    with printing:
        line = {"received": bytes(received).decode("latin-1"), "ended": ended, "skipped": skipped}
        print(json.dumps(line), flush=True)


def main(verb, address, port, *steps):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if verb == "listen":
        server = socket.create_server((address, int(port)), family=family, backlog=4096)
        print("ready", flush=True)
        while True:
            connection = server.accept()[0]
            connection.settimeout(60)
            threading.Thread(target=play, args=(connection, steps), daemon=True).start()
    client = socket.socket(family)
    client.settimeout(20)
    try:
        client.connect((address, int(port)))
    except ConnectionRefusedError:
        return say(b"", "refused")
    except ConnectionResetError:
        return say(b"", "reset")
    except socket.timeout:
        return say(b"", "timeout")
    except OSError as error:
        return say(b"", error.strerror)
    play(client, steps)


main(*sys.argv[1:])
