#!/usr/bin/env python3
"""Sends many flows at once between network namespaces and says what came of each.

Reads one job in JSON on standard input and writes one list in JSON. Sockets stay in the namespace in
which they are made, so this one process is every server and every client:

    {"namespaces": {NAME: PATH}, "wires": [{"name": NAME, "place": NAME, "device": NAME}],
     "servers": [{"place": NAME, "port": N, "name": NAME, "uid": N, "transparent": true | false}],
     "flows": [FLOW], "barriers": [FLOW]}

    FLOW: {"place": NAME, "uid": N, "gid": N, "kind": "tcp" | "udp" | "icmp", "to": ADDRESS,
           "port": N, "from": ADDRESS | null, "number": N, "isAnswered": true | false}

A server takes TCP and UDP of both IP families on all addresses and answers with its name, its port,
what the client wanted to reach, and whom it takes for the client. `number` is the flow's own source
port, or its ping's identifier: by that it is found again on a wire, which is watched where it arrives,
below all rules of that place. Barriers are flows that are always answered and go last: what was sent
before them has been seen when they have.

What is said of a flow: {"answer": {"server", "port", "meant", "peer"} | "pong" | null, "errors":
[NAME], "wires": [NAME]}. Flows of which an answer is expected are waited for up to PATIENCE seconds,
the others for at least QUIET.
"""

import ctypes
import errno
import json
import os
import selectors
import socket
import struct
import sys
import time

QUIET = 0.25
PATIENCE = 10
CLONE_NEWNET = 0x40000000
SO_ORIGINAL_DST = 80
IPV6_FREEBIND = 78
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75
IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR = 20, 74
ETH_P_ALL, PACKET_OUTGOING = 3, 4
libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), path)
    os.close(descriptor)


def opened(uid, gid, *kind):
    """A socket of that user: rules see whose it is by who opened it."""
    os.setegid(gid)
    os.seteuid(uid)
    try:
        made = socket.socket(*kind)
    finally:
        os.seteuid(0)
        os.setegid(0)
    made.setblocking(False)
    return made


def plain(address):
    return address[7:] if address.startswith("::ffff:") else address


def named(error):
    return errno.errorcode.get(error.errno, str(error))


# Servers


def meant_by(connection):
    """What the client dialled. Which level to ask follows from the address, not from the socket."""
    here = connection.getsockname()
    try:
        if plain(here[0]) != here[0]:
            raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
            return [socket.inet_ntoa(raw[4:8]), struct.unpack("!H", raw[2:4])[0]]
        raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
        return [socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack("!H", raw[2:4])[0]]
    except OSError:
        # Without connection tracking: nothing translated it.
        return [plain(here[0]), here[1]]


class Server:
    def __init__(self, job, kind):
        self.name, self.port, self.held = job["name"], job["port"], []
        self.socket = opened(job["uid"], job["uid"], socket.AF_INET6, kind)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.is_transparent = job["transparent"]
        if self.is_transparent:
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        self.ready = self.greet
        if kind == socket.SOCK_DGRAM:
            # Answers come from any address that was asked.
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1)
            self.socket.setsockopt(socket.SOL_IP, IP_RECVORIGDSTADDR, 1)
            self.ready = self.reply
        self.socket.bind(("::", self.port))
        if kind == socket.SOCK_STREAM:
            self.socket.listen(256)

    def text(self, meant, peer):
        answer = {
            "server": self.name, "port": self.port, "meant": f"{meant[0]} {meant[1]}",
            "peer": plain(peer[0])}
        return json.dumps(answer).encode() + b"\n"

    def greet(self):
        try:
            connection, peer = self.socket.accept()
            connection.sendall(self.text(meant_by(connection), peer))
        except OSError:
            # The client is gone already.
            return
        self.held.append(connection)

    def reply(self):
        """From the address that was asked, which a socket for all addresses must say."""
        try:
            _, control, _, peer = self.socket.recvmsg(2048, 512)
        except OSError:
            return
        here, meant = [], None
        for level, kind, data in control:
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
                here = [(level, kind, data[:16] + bytes(4))]
            elif (level, kind) == (socket.SOL_IP, IP_RECVORIGDSTADDR):
                meant = [socket.inet_ntoa(data[4:8]), struct.unpack("!H", data[2:4])[0]]
            elif (level, kind) == (socket.IPPROTO_IPV6, IPV6_RECVORIGDSTADDR):
                meant = [
                    socket.inet_ntop(socket.AF_INET6, data[8:24]),
                    struct.unpack("!H", data[2:4])[0]]
        answer = self.text(meant, peer)
        try:
            if self.is_transparent and meant[1] != self.port:
                self.reply_as(meant, answer, peer)
            else:
                self.socket.sendmsg([answer], here, 0, peer)
        except OSError:
            # The rules may forbid the answer; then the client hears nothing.
            pass

    def reply_as(self, meant, answer, peer):
        six = ":" in meant[0]
        voice = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
        voice.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            voice.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        else:
            voice.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        voice.bind(tuple(meant))
        voice.sendto(answer, (plain(peer[0]), peer[1]))
        voice.close()


# Wires


class Wire:
    """What arrives on a device, as (protocol, source port or ping identifier)."""

    def __init__(self, job):
        self.name, self.seen = job["name"], set()
        self.socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.setblocking(False)
        self.socket.bind((job["device"], ETH_P_ALL))

    def ready(self):
        try:
            packet, address = self.socket.recvfrom(256)
        except OSError:
            return
        if address[2] == PACKET_OUTGOING:
            return
        if packet[0] >> 4 == 4:
            protocol, rest = packet[9], packet[(packet[0] & 15) * 4:]
        else:
            protocol, rest = packet[6], packet[40:]
        if protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
            self.seen.add((protocol, struct.unpack("!H", rest[:2])[0]))
        elif protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6) and rest[0] in (8, 128):
            self.seen.add((protocol, struct.unpack("!H", rest[4:6])[0]))


# Clients


class Flow:
    def __init__(self, job):
        self.job, self.answer, self.errors, self.received = job, None, [], b""
        self.is_over = False
        self.is_six = ":" in job["to"]
        self.socket = None
        try:
            self.open()
            self.start()
        except BlockingIOError:
            pass
        except OSError as error:
            self.fail(error)

    def open(self):
        job = self.job
        icmp = socket.IPPROTO_ICMPV6 if self.is_six else socket.IPPROTO_ICMP
        self.protocol = {
            "tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "icmp": icmp}[job["kind"]]
        kind = socket.SOCK_STREAM if job["kind"] == "tcp" else socket.SOCK_DGRAM
        family = socket.AF_INET6 if self.is_six else socket.AF_INET
        self.socket = opened(job["uid"], job["gid"], family, kind, self.protocol)
        if job.get("from"):
            # Any address; routing too takes it for ours.
            level, option = (
                (socket.IPPROTO_IPV6, IPV6_TRANSPARENT) if self.is_six
                else (socket.SOL_IP, IP_TRANSPARENT))
            self.socket.setsockopt(level, option, 1)
        if job["kind"] != "icmp":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        anywhere = "::" if self.is_six else "0.0.0.0"
        self.socket.bind((job.get("from") or anywhere, job["number"]))

    def start(self):
        kind = self.job["kind"]
        self.socket.connect((self.job["to"], self.job["port"]))
        if kind == "udp":
            self.socket.send(b"where?")
        elif kind == "icmp":
            request = 128 if self.is_six else 8
            self.socket.send(struct.pack("!BBHHH", request, 0, 0, 0, 1) + b"where?")

    def fail(self, error):
        """What a filter refused may still be told why: by an ICMP error."""
        self.errors.append(named(error))
        self.is_over = self.errors[-1] != "EPERM"

    def ready(self):
        """An error of the connect comes by the read too."""
        try:
            piece = self.socket.recv(2048)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail(error)
            return
        self.received += piece
        if self.job["kind"] == "icmp":
            self.answer, self.is_over = "pong", True
        elif self.received.endswith(b"\n"):
            self.answer, self.is_over = json.loads(self.received), True
        elif not piece:
            self.errors.append("closed")
            self.is_over = True

    def close(self):
        if self.socket is None:
            return
        if self.job["kind"] == "tcp":
            # No TIME_WAIT.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def settle(flows, watch):
    """Until all are over that an answer is expected of, and the others had time for theirs."""
    for flow in flows:
        if not flow.is_over and flow.socket is not None:
            watch.register(flow.socket, selectors.EVENT_READ, flow)
    started = time.monotonic()
    while not all(flow.is_over for flow in flows):
        waits = any(not flow.is_over and flow.job["isAnswered"] for flow in flows)
        left = started + (PATIENCE if waits else QUIET) - time.monotonic()
        if left <= 0:
            break
        for key, _ in watch.select(left):
            key.data.ready()
            if isinstance(key.data, Flow) and key.data.is_over:
                watch.unregister(key.fileobj)
    for flow in flows:
        if flow.socket is not None and flow.socket in watch.get_map():
            watch.unregister(flow.socket)


def drain(wires, barriers):
    """A barrier's packet came behind all others on the same wire."""
    deadline = time.monotonic() + PATIENCE
    wanted = {(flow.protocol, flow.job["number"]) for flow in barriers}
    while time.monotonic() < deadline:
        for wire in wires:
            wire.ready()
        if wanted <= set().union(*(wire.seen for wire in wires)):
            break
    for wire in wires:
        for _ in range(100000):
            before = len(wire.seen)
            try:
                wire.socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                break
            wire.ready()


def main():
    job = json.load(sys.stdin)
    os.setgroups([])
    watch = selectors.DefaultSelector()
    servers, wires = [], []
    for wire in job["wires"]:
        enter(job["namespaces"][wire["place"]])
        wires.append(Wire(wire))
    for server in job["servers"]:
        enter(job["namespaces"][server["place"]])
        servers += [Server(server, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
    for watched in servers + wires:
        watch.register(watched.socket, selectors.EVENT_READ, watched)
    tried = []
    for jobs in (job["flows"], job["barriers"]):
        flows = []
        for flow in jobs:
            enter(job["namespaces"][flow["place"]])
            flows.append(Flow(flow))
        settle(flows, watch)
        tried.append(flows)
    drain(wires, tried[1])
    outcomes = []
    for flow in tried[0] + tried[1]:
        number = flow.job["number"]
        seen = [wire.name for wire in wires if (flow.protocol, number) in wire.seen]
        outcomes.append({"answer": flow.answer, "errors": flow.errors, "wires": seen})
        flow.close()
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
