"""Holds connections that wait: hold.py UID ADDRESS HOST http|tls.

For each number on its standard input it opens or closes connections until there are so many, and
says `held NUMBER`. Over HTTP each has had one answer; as TLS each has sent a ClientHello and received
the server's first flight.
"""

import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from comparison.handshakes import client_hello  # noqa: E402


def main():
    uid, address, host, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    first, port = (request, 80) if kind == "http" else (client_hello(host), 443)
    os.seteuid(uid)
    held = []
    for line in sys.stdin:
        count = int(line)
        while len(held) > count:
            held.pop().close()
        while len(held) < count:
            connection = socket.socket()
            connection.settimeout(10)
            connection.connect((address, port))
            connection.sendall(first)
            answer = connection.recv(65536)
            while kind == "http" and not answer.endswith(b"x\n"):
                answer += connection.recv(65536)
            if not answer.startswith((b"HTTP/1.1 200", b"\x16")):
                sys.exit(f"answered {answer[:60]}")
            held.append(connection)
        print("held", count, flush=True)


if __name__ == "__main__":
    main()
