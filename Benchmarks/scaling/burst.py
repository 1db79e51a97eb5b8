"""TLS connections all at once: burst.py UID PREFIX HOST COUNT REPEATS.

COUNT connections are begun as fast as they can be, before anything is done for the first of them. Each
sends a real ClientHello, waits for the server's first flight, and closes. They go to the addresses
PREFIX1 to PREFIX254 in turn. The next burst begins when the last connection of one was answered.
"""

import errno
import itertools
import json
import os
import pathlib
import select
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from comparison.handshakes import client_hello  # noqa: E402

PATIENCE = 30  # seconds without any event


def main():
    uid, prefix, host = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    count, repeats = int(sys.argv[4]), int(sys.argv[5])
    hello = client_hello(host)
    os.seteuid(uid)
    bursts = [burst(prefix, hello, count) for _ in range(repeats)]
    print(json.dumps({
        "requests": sum(answered for answered, _ in bursts),
        "errors": sum(count - answered for answered, _ in bursts),
        "seconds": sum(served for _, served in bursts),
        "served_ms": [served * 1e3 for _, served in bursts]}))


def burst(prefix, hello, count):
    """How many were answered, and the seconds until the last of them was."""
    live, poll, answered = {}, select.epoll(), 0
    for _ in range(count):
        connection = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        live[connection.fileno()] = connection
    began = time.monotonic()
    for connection, last in zip(live.values(), itertools.cycle(range(1, 255))):
        if connection.connect_ex((f"{prefix}{last}", 443)) not in (0, errno.EINPROGRESS):
            sys.exit("connect failed")
    for descriptor in live:
        poll.register(descriptor, select.EPOLLOUT)
    while live:
        events = poll.poll(PATIENCE)
        if not events:
            break
        for descriptor, event in events:
            if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                live[descriptor].send(hello)
                poll.modify(descriptor, select.EPOLLIN)
                continue
            answered += first_flight(live[descriptor])
            live.pop(descriptor).close()
    return answered, time.monotonic() - began


def first_flight(connection):
    try:
        return connection.recv(65536)[:1] == b"\x16"
    except OSError:
        return False


if __name__ == "__main__":
    main()
