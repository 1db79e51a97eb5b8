"""Keeps so many scrapes in flight: scraper.py ADDRESS PORT COUNT

Each is a connection that asks for /metrics and is replaced by another once it was answered or cut off.
A scrape is in flight from the attempt to connect on. Every fifth of a second a line of JSON says how
many are, and how many were answered so far.
"""

import errno
import json
import select
import socket
import sys
import time

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def main():
    address, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
    epoll, scrapes, answered, cut = select.epoll(), {}, 0, 0
    report = time.monotonic()
    while True:
        while len(scrapes) < count:
            scrape = socket.socket()
            scrape.setblocking(False)
            if scrape.connect_ex(address) not in (0, errno.EINPROGRESS):
                scrape.close()
                break
            scrapes[scrape.fileno()] = [scrape, False, b""]
            epoll.register(scrape, select.EPOLLOUT)
        for number, _ in epoll.poll(0.05):
            scrape, asked, head = scrapes[number]
            try:
                if not asked:
                    scrape.sendall(REQUEST)
                    scrapes[number][1] = True
                    epoll.modify(number, select.EPOLLIN)
                    continue
                some = scrape.recv(65536)
                if some:
                    scrapes[number][2] = head or some[:12]
                    continue
                answered += head.startswith(b"HTTP/1.1 200")
                cut += not head
            except OSError:
                cut += 1
            epoll.unregister(number)
            del scrapes[number]
            scrape.close()
        if time.monotonic() >= report:
            report = time.monotonic() + 0.2
            print(json.dumps({"in_flight": len(scrapes), "answered": answered, "cut": cut}),
                  flush=True)


main()
