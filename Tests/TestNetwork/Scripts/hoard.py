"""Many connections that make the other side keep as much as it will, and go on asking.

    hoard.py heads ADDRESS PORT COUNT     request heads of 1 to 60 KB, the last byte missing
    hoard.py bodies ADDRESS PORT COUNT    whole request heads, and as much of a body as is taken
    hoard.py stuff ADDRESS PORT COUNT     the same; the answer is not read
    hoard.py listen ADDRESS PORT          answers each request head by a body without end, and reads
                                          nothing more

Half of the bodies have a length, half are chunked. Prints `ready` where it listens, then a line of
JSON whenever nothing has moved for a second: {"open": connections, "ended": connections that the
other side has ended or answered}. Runs until it is killed.
"""

import json
import resource
import select
import socket
import sys

limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

HUGE = 1 << 40
BLOCK = bytes(65536)
CHUNK = b"10000\r\n" + BLOCK + b"\r\n"


def framing(number):
    """The fields of an endless body, and what it consists of."""
    if number % 2:
        return b"Transfer-Encoding: chunked\r\n\r\n", CHUNK
    return b"Content-Length: %d\r\n\r\n" % HUGE, BLOCK


class Connection:
    """Sends `first`, then `rest` over and over, if there is any; reads nothing unless told."""

    def __init__(self, made, first, rest):
        self.socket = made
        self.waiting = memoryview(first)
        self.rest = rest
        self.ended = False

    def send(self):
        """False once nothing more will be taken for now."""
        while self.waiting:
            try:
                self.waiting = self.waiting[self.socket.send(self.waiting):]
            except BlockingIOError:
                return
            except OSError:
                self.ended = True
                return
            if not self.waiting and self.rest:
                self.waiting = memoryview(self.rest)


def run(poll, connections, accept=None):
    said = None
    while True:
        events = poll.poll(1)
        if not events:
            ended = sum(connection.ended for connection in connections.values())
            line = {"open": len(connections) - ended, "ended": ended}
            if line != said:
                print(json.dumps(line), flush=True)
            said = line
        for descriptor, event in events:
            if descriptor not in connections:
                accept()
                continue
            connection = connections[descriptor]
            if event & select.EPOLLOUT:
                connection.send()
            if event & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                connection.ended = True


EVENTS = select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET


def connect(kind, address, port, count):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    host = f"[{address}]" if ":" in address else address
    poll = select.epoll()
    connections = {}
    for number in range(int(count)):
        made = socket.socket(family)
        made.connect((address, int(port)))
        made.setblocking(False)
        start = f"POST /{number} HTTP/1.1\r\nHost: {host}\r\n".encode()
        if kind == "heads":
            size = 1000 + number * 59000 // int(count)
            first, rest = start + b"X-Long: " + b"x" * size + b"\r\n\r", b""
        else:
            fields, rest = framing(number)
            first = start + fields
        connections[made.fileno()] = Connection(made, first, rest)
        connections[made.fileno()].send()
        poll.register(made.fileno(), EVENTS)
    run(poll, connections)


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.create_server((address, int(port)), family=family, backlog=4096)
    server.setblocking(False)
    poll = select.epoll()
    poll.register(server.fileno(), select.EPOLLIN)
    connections = {}

    def accept():
        try:
            made = server.accept()[0]
        except BlockingIOError:
            return
        made.setblocking(False)
        fields, rest = framing(len(connections))
        connections[made.fileno()] = Connection(made, b"HTTP/1.1 200 OK\r\n" + fields, rest)
        poll.register(made.fileno(), EVENTS)

    print("ready", flush=True)
    run(poll, connections, accept)


verb, *arguments = sys.argv[1:]
listen(*arguments) if verb == "listen" else connect(verb, *arguments)
