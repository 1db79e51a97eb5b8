"""New TLS connections through a proxy: handshakes.py UID PREFIX HOST AT-ONCE SECONDS.

Each sends a real ClientHello, waits for the server's first flight, and closes: what a proxy that
passes TLS through has to do is then done, and neither end spends its time on cryptography for two.
They go to the addresses PREFIX1 to PREFIX254 in turn.
"""

import errno
import itertools
import json
import os
import select
import socket
import ssl
import sys
import time


def client_hello(host):
    outgoing = ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing,
                                                       server_hostname=host)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def main():
    uid, prefix, host = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    at_once, seconds = int(sys.argv[4]), float(sys.argv[5])
    hello = client_hello(host)
    os.seteuid(uid)
    poll = select.epoll()
    addresses = itertools.cycle(f"{prefix}{n}" for n in range(1, 255))
    live = {}

    def open_one():
        connection = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if connection.connect_ex((next(addresses), 443)) not in (0, errno.EINPROGRESS):
            sys.exit("connect failed")
        live[connection.fileno()] = connection
        poll.register(connection, select.EPOLLOUT)

    for _ in range(at_once):
        open_one()
    answered = received = errors = 0
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        for descriptor, events in poll.poll(1):
            connection = live[descriptor]
            try:
                if events & select.EPOLLIN:
                    flight = connection.recv(65536)
                    answered += flight[:1] == b"\x16"
                    errors += flight[:1] != b"\x16"
                    received += len(flight)
                elif events & select.EPOLLOUT and not events & select.EPOLLERR:
                    connection.send(hello)
                    poll.modify(descriptor, select.EPOLLIN)
                    continue
                else:
                    errors += 1
            except OSError:
                errors += 1
            connection.close()
            del live[descriptor]
            open_one()
    lasted = time.monotonic() - began
    print(json.dumps({"requests": answered, "bytes": received, "seconds": lasted,
                      "errors": errors}))


if __name__ == "__main__":
    main()
