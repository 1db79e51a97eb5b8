"""An upstream that writes down every byte it gets and answers every request it sees.

    raw_server.py PORT FILE

Listens on all addresses. A request is read by the letter of RFC 9112 and answered 200 with a body
`METHOD TARGET LENGTH`, LENGTH being that of its body; the connection is never closed first. FILE
says otherwise for some targets, one JSON object per line: {"target": text, "send": text, "closes":
bool, "early": bool, "bytewise": bool}: `send` (latin-1) comes in place of that answer, with `early`
as soon as the head is there, with `bytewise` in segments of one byte.

Says `ready`. On SIGUSR1 it waits for its connections to end and says of each, in the order they
came, {"address": the one that was reached, "received": text, "requests": [[METHOD, TARGET, body]],
"ended": "eof" | "reset" | "open"}.
"""

import json
import re
import select
import signal
import socket
import sys
import threading

PATIENCE = 20
HEAD_END = b"\r\n\r\n"


class Connection:
    def __init__(self, connection, scripts):
        self.socket = connection
        self.scripts = scripts
        self.address = connection.getsockname()[0].removeprefix("::ffff:")
        self.received = bytearray()
        self.position = 0
        self.requests = []
        self.ended = "open"

    def until(self, text):
        """Where `text` begins, at or behind the position; reads until it is there."""
        while (found := self.received.find(text, self.position)) < 0:
            self.more()
        return found

    def take(self, count):
        while len(self.received) < self.position + count:
            self.more()
        taken = bytes(self.received[self.position:self.position + count])
        self.position += count
        return taken

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.received += data

    def line(self):
        line = self.take(self.until(b"\r\n") - self.position)
        self.take(2)
        return line

    def body(self, head):
        length = re.search(rb"(?i)\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(\r\n|$)", head)
        if length:
            return self.take(int(length[1]))
        if not re.search(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked[ \t]*(\r\n|$)", head):
            return b""
        body = b""
        while size := int(re.fullmatch(rb"([0-9A-Fa-f]+)(;.*)?", self.line())[1], 16):
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        while self.line():
            pass
        return body

    def request(self):
        """Reads one and answers it. False where nothing may follow."""
        end = self.until(HEAD_END)
        head = self.take(end - self.position)
        self.take(len(HEAD_END))
        method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        script = self.scripts.get(target)
        if script and script["early"]:
            self.send(script)
        body = self.body(head).decode("latin-1")
        self.requests.append([method, target, body])
        if not script:
            text = f"{method} {target} {len(body)}".encode("latin-1")
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
            self.socket.sendall(answer if method == "HEAD" else answer + text)
        elif not script["early"]:
            self.send(script)
        return not (script and script["closes"])

    def send(self, script):
        data = script["send"].encode("latin-1")
        if not script["bytewise"]:
            return self.socket.sendall(data)
        for byte in data:
            self.socket.sendall(bytes([byte]))
            select.select([self.socket], [], [], 0.0005)  # so that it is read alone

    def serve(self):
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.request():
                pass
            self.socket.shutdown(socket.SHUT_WR)
            while True:
                self.more()
        except EOFError:
            self.ended = "eof"
        except OSError:
            self.ended = "reset"
        except (ValueError, TypeError, AssertionError) as error:
            self.ended = f"unparsed: {error}"
        self.socket.close()

    def report(self):
        return {
            "address": self.address, "received": self.received.decode("latin-1"),
            "requests": self.requests, "ended": self.ended}


def main(port, path):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    with open(path, encoding="utf-8") as file:
        scripts = {script["target"]: script for script in map(json.loads, file)}
    listener = socket.create_server(
        ("::", int(port)), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True)
    served = []

    def accept():
        connection = Connection(listener.accept()[0], scripts)
        thread = threading.Thread(target=connection.serve, daemon=True)
        served.append((connection, thread))
        thread.start()

    def accept_for_ever():
        while True:
            accept()

    threading.Thread(target=accept_for_ever, daemon=True).start()
    print("ready", flush=True)
    signal.sigwait({signal.SIGUSR1})
    while select.select([listener], [], [], 0.05)[0]:
        pass  # Still being accepted.
    for connection, thread in served:
        thread.join(PATIENCE)
    for connection, _ in served:
        print(json.dumps(connection.report()))
    print("done", flush=True)


main(*sys.argv[1:])
