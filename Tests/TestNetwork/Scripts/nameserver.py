#!/usr/bin/env python3
"""A name server over UDP that says what it is told.

    nameserver.py ADDRESS NAME=ANSWER...

ANSWER is a list of addresses with commas between them; `silent`, for one that is never answered; or
`held:` and a list of addresses, which is answered once SIGUSR1 has come. Other names don't exist.
Answers have a lifetime of one second. Says `ready`, then `NAME TYPE` for every question.
"""

import ipaddress
import signal
import socket
import struct
import sys
import threading

TYPES = {1: "A", 28: "AAAA"}


def question(query):
    labels, position = [], 12
    while query[position]:
        length = query[position]
        labels.append(query[position + 1 : position + 1 + length].decode("latin-1").lower())
        position += 1 + length
    kind = struct.unpack("!H", query[position + 1 : position + 3])[0]
    return ".".join(labels), kind, query[12 : position + 5]


def reply(query, asked, addresses, kind):
    code = 3 if addresses is None else 0
    chosen = [a for a in addresses or [] if (a.version == 4) == (kind == 1) and kind in TYPES]
    head = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(chosen), 0, 0)
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(a.packed)) + a.packed for a in chosen)
    return head + asked + records


def main(address, *names):
    answers = dict(name.split("=", 1) for name in names)
    released = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: released.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind((address, 53))
    print("ready", flush=True)

    def answer(query, peer):
        name, kind, asked = question(query)
        print(name, TYPES.get(kind, kind), flush=True)
        text = answers.get(name)
        if text == "silent":
            return
        if text and text.startswith("held:"):
            text = text[5:]
            released.wait()
        addresses = [ipaddress.ip_address(a) for a in text.split(",")] if text else None
        server.sendto(reply(query, asked, addresses, kind), peer)

    def serve():
        while True:
            query, peer = server.recvfrom(4096)
            threading.Thread(target=answer, args=(query, peer), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    while True:
        signal.pause()


main(*sys.argv[1:])
