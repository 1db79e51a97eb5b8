"""What is asked of the sidecar while its allocations are counted."""

import os
import socket
import ssl
from dataclasses import dataclass

NAME = "api.example.com"
CONNECTIONS = 8


def client_hello():
    outgoing = ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(
        ssl.MemoryBIO(), outgoing, server_hostname=NAME)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def head(method, path, *fields, host=NAME):
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode()


class Traffic:
    """Connections by the workload's uid, which the redirect goes by."""

    def __init__(self, uid, address):
        self.uid, self.address = uid, address

    def connect(self, port):
        os.seteuid(self.uid)
        connection = socket.socket()
        os.seteuid(0)
        connection.settimeout(10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((self.address, port))
        return Client(connection)


class Client:
    """One connection, read answer by answer."""

    def __init__(self, connection):
        self.connection, self.rest = connection, b""

    def close(self):
        self.connection.close()

    def send(self, data):
        self.connection.sendall(data)

    def receive(self):
        part = self.connection.recv(1 << 18)
        if not part:
            raise ConnectionError("the connection ended within an answer")
        return part

    def answer(self):
        """Reads exactly one response; its status."""
        head = self.until(b"\r\n\r\n").lower()
        if b"transfer-encoding: chunked" in head:
            self.until(b"\r\n0\r\n\r\n")
        elif b"content-length: " in head:
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(self.rest) < length:
                length -= len(self.rest)
                self.rest = self.receive()
            self.rest = self.rest[length:]
        return int(head[9:12])

    def until(self, mark):
        while (end := self.rest.find(mark)) < 0:
            self.rest += self.receive()
        end += len(mark)
        taken, self.rest = self.rest[:end], self.rest[end:]
        return taken


@dataclass
class Requests:
    """Requests one after the other, over connections that stay."""

    name: str
    says: str
    parts: list  # the request, sent piece by piece
    status: int = 200
    is_held: bool = True  # to allocating nothing
    at_once: int = 1  # requests that are sent before the first answer is read

    def open(self, traffic):
        return [traffic.connect(80) for _ in range(CONNECTIONS)]

    def run(self, traffic, connections, count):
        for number in range(count // self.at_once):
            connection = connections[number % len(connections)]
            for part in self.parts:
                connection.send(part * self.at_once)
            for _ in range(self.at_once):
                status = connection.answer()
                if status != self.status:
                    raise ConnectionError(f"{self.name} was answered {status}")


@dataclass
class Openings:
    """New connections, each of which is answered once."""

    name: str
    says: str
    port: int
    first: bytes
    answer: bytes
    is_held: bool = False

    def open(self, traffic):
        return []

    def run(self, traffic, connections, count):
        for _ in range(count):
            connection = traffic.connect(self.port)
            connection.send(self.first)
            answer = connection.receive()
            connection.close()
            if not answer.startswith(self.answer):
                raise ConnectionError(f"{self.name} was answered otherwise: {answer[:60]}")


API = ["User-Agent: workload/1.4 (linux; x86_64)", "Accept: application/json",
       "Accept-Encoding: gzip, deflate", "X-Request-Id: 2f1c7a90-7d3e-4a52-9c55-0b9f6f0d8e11"]
TRACE = ["traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
         "tracestate: congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"]
BODY = b"x" * 4096
CHUNKS = b"200\r\n" + b"x" * 512 + b"\r\n0\r\n\r\n"

CASES = [
    Requests("get", "GET, 1 KB answer", [head("GET", "/small", *API)]),
    Requests("trace", "GET with trace context", [head("GET", "/small", *API, *TRACE)]),
    Requests("none", "GET, 204", [head("GET", "/none", *API)], status=204),
    Requests("chunked", "GET, chunked answer", [head("GET", "/chunked", *API)]),
    Requests("large", "GET, 1 MiB answer", [head("GET", "/large", *API)]),
    Requests("post", "POST, 4 KiB body",
             [head("POST", "/small", *API, f"Content-Length: {len(BODY)}") + BODY]),
    Requests("upload", "POST, chunked body",
             [head("POST", "/small", *API, "Transfer-Encoding: chunked") + CHUNKS]),
    Requests("pipelined", "GET, 8 at once", [head("GET", "/none", *API)], status=204, at_once=8),
    Requests("halves", "GET, the head in two pieces, the answer's too",
             [head("GET", "/halves", *API)[:60], head("GET", "/halves", *API)[60:]], is_held=False),
    Requests("denied", "denied with 403", [head("GET", "/small", *API, host="evil.example.com")],
             status=403, is_held=False),
    Openings("http", "a connection with one request", 80, head("GET", "/none", *API),
             b"HTTP/1.1 204"),
    Openings("tls", "a connection with TLS inside", 443, client_hello(), b"\x16"),
]
