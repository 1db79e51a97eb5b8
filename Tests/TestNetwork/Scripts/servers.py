#!/usr/bin/env python3
"""Servers for the world, the pod, and the place of the proxy.

    servers.py [--tcp ADDRESS PORT]... [--udp ADDRESS PORT]... [--original]

TCP: every line is answered `direct PEER to ADDRESS PORT: LINE`, or with --original `captured …`,
where ADDRESS and PORT are what the client wanted to reach before a redirect. `count N` is followed
by N bytes and answered by how many came; `send N` is answered by N bytes and the line `done`;
`later` is answered when SIGUSR1 comes. UDP: the datagram comes back, or one of as many bytes as it
starts with (`N `).

Says `ready`, then `tcp FROM TO` and `udp FROM TO N` for whatever comes.
"""

import argparse
import signal
import socket
import struct
import sys
import threading

SO_ORIGINAL_DST = 80
SOL_IPV6 = 41
lock = threading.Lock()
spoken = threading.Event()


def say(*words):
    with lock:
        print(*words, flush=True)


def original(connection):
    """Which level to ask follows from the address, not from the socket's family."""
    if connection.family == socket.AF_INET:
        raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
        return f"{socket.inet_ntoa(raw[4:8])} {struct.unpack('!H', raw[2:4])[0]}"
    raw = connection.getsockopt(SOL_IPV6, SO_ORIGINAL_DST, 28)
    address = socket.inet_ntop(socket.AF_INET6, raw[8:24])
    return f"{address} {struct.unpack('!H', raw[2:4])[0]}"


def serve(connection, peer, wants_original):
    here = connection.getsockname()
    meant = original(connection) if wants_original else f"{here[0]} {here[1]}"
    how = "captured" if wants_original else "direct"
    say("tcp", peer[0], peer[1], meant)
    stream = connection.makefile("rwb")
    try:
        for line in stream:
            words = line.split()
            if words[:1] == [b"count"]:
                left = int(words[1])
                while left > 0:
                    left -= len(stream.read(min(left, 65536)))
                stream.write(f"{int(words[1])} bytes\n".encode())
            elif words[:1] == [b"send"]:
                stream.write(bytes(int(words[1])) + b"done\n")
            elif words[:1] == [b"later"]:
                spoken.wait()
                stream.write(b"now\n")
            else:
                say("line", line.decode(errors="replace").strip())
                stream.write(f"{how} {peer[0]} to {meant}: ".encode() + line)
            stream.flush()
    except OSError as error:
        say("lost", peer[0], peer[1], error.errno)
    connection.close()
    say("closed", peer[0], peer[1])


def accept(listener, wants_original):
    while True:
        connection, peer = listener.accept()
        threading.Thread(
            target=serve, args=(connection, peer, wants_original), daemon=True).start()


def answer(receiver):
    here = receiver.getsockname()
    while True:
        data, peer = receiver.recvfrom(65536)
        say("udp", peer[0], peer[1], here[0], here[1], len(data))
        word = data.split(b" ")[0]
        data = bytes(int(word)) if word.isdigit() else data
        try:
            receiver.sendto(data, peer)
        except OSError as error:
            say("unanswered", peer[0], peer[1], error.errno)


def bound(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((address, int(port)))
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tcp", nargs=2, action="append", default=[])
    parser.add_argument("--udp", nargs=2, action="append", default=[])
    parser.add_argument("--original", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGUSR1, lambda *_: spoken.set())
    # Whoever started us may have blocked it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    threads = []
    for address, port in options.tcp:
        listener = bound(socket.SOCK_STREAM, address, port)
        listener.listen(64)
        threads.append(threading.Thread(target=accept, args=(listener, options.original)))
    for address, port in options.udp:
        receiver = bound(socket.SOCK_DGRAM, address, port)
        threads.append(threading.Thread(target=answer, args=(receiver,)))
    for thread in threads:
        thread.daemon = True
        thread.start()
    say("ready")
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
