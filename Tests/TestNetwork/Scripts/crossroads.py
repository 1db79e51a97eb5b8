#!/usr/bin/env python3
"""Many small questions at once: where does a packet end?

    crossroads.py serve NAME PORT...
        Says `ready`, then tells every TCP connection `NAME PORT ADDRESS PORT`, its own port and what
        the client wanted to reach, and answers every datagram with `NAME PORT`. Both IP families.

    crossroads.py probe PIPE
        Makes the named pipe, says `ready` and reads lines of JSON from it, each a list of probes that
        are tried at the same time, and answers each by a line with a list of what came of them:

        {"kind": "tcp" | "udp" | "icmp" | "raw", "to": ADDRESS, "port": N, "uid": N, "gid": N,
         "from": ADDRESS | null, "sourcePort": N, "number": N, "device": NAME | null,
         "freebind": true | false, "patient": true | false}

        The answer is what the server told, `answer` (a ping's), `sent` (raw: nobody answers),
        `silent`, or the errno's name. Patient ones are waited for up to 10 s, the others for no
        longer than the last patient one, and at least QUIET seconds.
"""

import errno
import json
import os
import selectors
import socket
import struct
import sys
import time

QUIET = 0.15
PATIENCE = 10
SO_ORIGINAL_DST = 80
SO_BINDTODEVICE = 25
IP_FREEBIND, IPV6_FREEBIND = 15, 78


def mapped(address):
    return address[7:] if address.startswith("::ffff:") else address


def original(connection):
    """What the client dialled; a connection that nobody redirected says its own address."""
    here = connection.getsockname()
    if mapped(here[0]) != here[0]:
        raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
        return socket.inet_ntoa(raw[4:8]), struct.unpack("!H", raw[2:4])[0]
    raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
    return socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack("!H", raw[2:4])[0]


def greet(listener, name):
    connection, _ = listener.accept()
    here = connection.getsockname()
    try:
        meant = original(connection)
    except OSError:
        meant = (mapped(here[0]), here[1])
    connection.sendall(f"{name} {here[1]} {meant[0]} {meant[1]}\n".encode())
    connection.close()


def echo(receiver, name):
    """From the address that was asked, which a socket for all addresses must say."""
    _, control, _, peer = receiver.recvmsg(2048, 512)
    control = [item for item in control if item[1] == socket.IPV6_PKTINFO]
    control = [(level, kind, data[:16] + bytes(4)) for level, kind, data in control]
    try:
        receiver.sendmsg([f"{name} {receiver.getsockname()[1]}".encode()], control, 0, peer)
    except OSError:
        # The rules may forbid the answer; then the client hears nothing.
        pass


def serve(name, ports):
    watch = selectors.DefaultSelector()
    for port in ports:
        for kind, act in [(socket.SOCK_STREAM, greet), (socket.SOCK_DGRAM, echo)]:
            made = socket.socket(socket.AF_INET6, kind)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if kind == socket.SOCK_DGRAM:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            made.bind(("::", port))
            if kind == socket.SOCK_STREAM:
                made.listen(256)
            watch.register(made, selectors.EVENT_READ, act)
    print("ready", flush=True)
    while True:
        for key, _ in watch.select():
            key.data(key.fileobj, name)


def opened(probe):
    """A socket of the probe's user: rules see whose it is by who opened it."""
    six = ":" in probe["to"]
    family = socket.AF_INET6 if six else socket.AF_INET
    icmp = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    kind, number = {
        "tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0),
        "icmp": (socket.SOCK_DGRAM, icmp), "raw": (socket.SOCK_RAW, probe["number"])}[probe["kind"]]
    os.setegid(probe["gid"])
    os.seteuid(probe["uid"])
    try:
        made = socket.socket(family, kind, number)
    finally:
        os.seteuid(0)
        os.setegid(0)
    made.setblocking(False)
    if probe["freebind"]:
        level, option = (
            (socket.IPPROTO_IPV6, IPV6_FREEBIND) if six else (socket.IPPROTO_IP, IP_FREEBIND))
        made.setsockopt(level, option, 1)
    if probe["device"]:
        made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, probe["device"].encode())
    if probe["kind"] in ("tcp", "udp") or probe["from"]:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((probe["from"] or ("::" if six else "0.0.0.0"), probe["sourcePort"]))
    return made


def named(error):
    return errno.errorcode.get(error.errno, str(error))


class Attempt:
    def __init__(self, probe):
        self.probe, self.result, self.socket = probe, None, None
        self.patient, self.events, self.received = probe["patient"], selectors.EVENT_READ, b""
        try:
            self.socket = opened(probe)
            self.start()
        except BlockingIOError:
            pass
        except OSError as error:
            self.result = named(error)

    def start(self):
        target = (self.probe["to"], self.probe["port"])
        kind = self.probe["kind"]
        if kind == "tcp":
            self.events = selectors.EVENT_READ
            self.socket.connect(target)
        elif kind == "udp":
            self.socket.connect(target)
            self.socket.send(b"where?")
        elif kind == "icmp":
            request = 128 if ":" in target[0] else 8
            self.socket.connect((target[0], 0))
            self.socket.send(struct.pack("!BBHHH", request, 0, 0, 0, 1) + b"where?")
        else:
            self.socket.sendto(b"where?", (target[0], 0))
            self.result = "sent"

    def proceed(self):
        """An error of the connect comes by the read too."""
        try:
            piece = self.socket.recv(2048)
        except BlockingIOError:
            return
        except OSError as error:
            self.result = named(error)
            return
        self.received += piece
        if self.probe["kind"] == "icmp":
            self.result = "answer"
        elif self.probe["kind"] == "udp" or self.received.endswith(b"\n"):
            self.result = self.received.decode().strip()
        elif not piece:
            self.result = "closed"

    def close(self):
        if self.socket is None:
            return
        if self.probe["kind"] == "tcp":
            # No TIME_WAIT: thousands of probes use few ports.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def attempt_all(probes):
    attempts = [Attempt(probe) for probe in probes]
    started = time.monotonic()
    watch = selectors.DefaultSelector()
    waiting = {attempt for attempt in attempts if attempt.result is None}
    for attempt in waiting:
        watch.register(attempt.socket, attempt.events, attempt)
    while waiting:
        deadline = PATIENCE if any(attempt.patient for attempt in waiting) else QUIET
        left = started + deadline - time.monotonic()
        if left <= 0:
            break
        for key, _ in watch.select(left):
            key.data.proceed()
            if key.data.result is not None:
                watch.unregister(key.fileobj)
                waiting.discard(key.data)
    watch.close()
    for attempt in attempts:
        attempt.close()
    return [attempt.result or "silent" for attempt in attempts]


def probe(pipe):
    os.setgroups([])
    os.mkfifo(pipe)
    # Open for writing as well: it must not end when a writer is done.
    with open(os.open(pipe, os.O_RDWR)) as lines:
        print("ready", flush=True)
        for line in lines:
            print(json.dumps(attempt_all(json.loads(line))), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], [int(port) for port in sys.argv[3:]])
    else:
        probe(sys.argv[2])
