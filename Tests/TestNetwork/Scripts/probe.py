#!/usr/bin/env python3
"""Sends one thing from inside a pod and says on one line what came of it.

    probe.py tcp ADDRESS PORT [options]   connected: TEXT | error NAME | silent
    probe.py udp ADDRESS PORT [options]   answer: N bytes | sent | error NAME
    probe.py ping ADDRESS                 answer | silent | error NAME
    probe.py icmp-error ADDRESS PORT      a raw ICMP error that quotes a UDP flow (CAP_NET_RAW)
    probe.py hold ADDRESS PORT            connects; each SIGUSR1 exchanges a line and reports it
    probe.py late ADDRESS PORT            connects; SIGUSR1 makes it say what came meanwhile
    probe.py join ADDRESS                 joins a group
    probe.py udp-error ADDRESS PORT       sends, and says what the socket's pending error is
    probe.py push ADDRESS PORT BYTES      uploads and says how many bytes the other side counted
    probe.py pull ADDRESS PORT BYTES      downloads and says how many bytes came

`silent` means that nothing came within --timeout seconds.
"""

import argparse
import errno
import os
import signal
import socket
import struct
import sys

IPPROTO_MPTCP = 262
IP_OPTIONS, IP_FREEBIND, IP_PKTINFO = 4, 15, 8
IPV6_RTHDR, IPV6_FREEBIND, IPV6_PKTINFO = 57, 78, 50
SO_BINDTODEVICE, SO_MARK = 25, 36
MSG_FASTOPEN = 0x20000000


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb")
    parser.add_argument("address")
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("bytes", type=int, nargs="?", default=0)
    parser.add_argument("--protocol", choices=["mptcp", "udplite", "sctp"])
    parser.add_argument("--mark", type=lambda text: int(text, 0), help="SO_MARK")
    parser.add_argument("--mapped", action="store_true", help="IPv4 through an IPv6 socket")
    parser.add_argument("--source", help="address to bind, or none")
    parser.add_argument("--source-port", type=int, default=0)
    parser.add_argument("--source-info", help="source address given by a control message")
    parser.add_argument("--freebind", action="store_true")
    parser.add_argument("--hops", type=int, help="IPv6: how far it may go")
    parser.add_argument("--device")
    parser.add_argument("--options", help="IP options, hexadecimal")
    parser.add_argument("--route-via", help="an IPv6 routing header (type 4) that ends there")
    parser.add_argument("--fast-open", action="store_true")
    parser.add_argument("--broadcast", action="store_true")
    parser.add_argument("--size", type=int, default=5)
    parser.add_argument("--connected", action="store_true", help="UDP: hear of ICMP errors")
    parser.add_argument("--ask", action="store_true", help="wait for an answer")
    parser.add_argument("--keep", action="store_true", help="hold the socket until SIGTERM")
    parser.add_argument("--timeout", type=float, default=10)
    return parser.parse_args()


def open_socket(options, kind):
    mapped = options.mapped
    six = ":" in options.address or mapped
    family = socket.AF_INET6 if six else socket.AF_INET
    numbers = {"mptcp": IPPROTO_MPTCP, "udplite": 136, "sctp": 132, None: 0}
    protocol = numbers[options.protocol]
    made = socket.socket(family, kind, protocol)
    made.settimeout(options.timeout)
    if options.freebind:
        level, option = (
            (socket.IPPROTO_IPV6, IPV6_FREEBIND) if six else (socket.IPPROTO_IP, IP_FREEBIND))
        made.setsockopt(level, option, 1)
    if options.mark is not None:
        made.setsockopt(socket.SOL_SOCKET, SO_MARK, options.mark)
    if options.hops:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, options.hops)
    if options.device:
        made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, options.device.encode())
    if options.options:
        made.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, bytes.fromhex(options.options))
    if options.route_via:
        # A segment routing header (RFC 8754): two segments, the last one first; the first that is
        # visited, segment 1, is where the packet is addressed to.
        segments = socket.inet_pton(socket.AF_INET6, options.route_via) + socket.inet_pton(
            socket.AF_INET6, options.address)
        header = struct.pack("!BBBBBBH", 0, 4, 4, 1, 1, 0, 0) + segments
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_RTHDR, header)
    if options.broadcast:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if options.source or options.source_port:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((options.source or ("::" if six else "0.0.0.0"), options.source_port))
    return made


def target(options):
    address = f"::ffff:{options.address}" if options.mapped else options.address
    if "%" in address:
        return socket.getaddrinfo(address, options.port)[0][4]
    return (address, options.port)


def tcp(options):
    connection = open_socket(options, socket.SOCK_STREAM)
    if options.fast_open:
        # A socket with a timeout doesn't block, and this call would say EINPROGRESS.
        connection.settimeout(None)
        connection.sendto(b"hello\n", MSG_FASTOPEN, target(options))
    else:
        connection.connect(target(options))
        connection.sendall(b"hello\n")
    answer = b""
    while not answer.endswith(b"\n"):
        piece = connection.recv(4096)
        if not piece:
            break
        answer += piece
    print("connected:", answer.decode(errors="replace").strip(), flush=True)
    if options.keep:
        signal.sigwait({signal.SIGTERM})


def udp(options):
    sender = open_socket(options, socket.SOCK_DGRAM)
    payload = b"hello".ljust(options.size, b".")
    if options.source_info:
        if ":" in options.source_info:
            info = socket.inet_pton(socket.AF_INET6, options.source_info) + struct.pack("i", 0)
            control = [(socket.IPPROTO_IPV6, IPV6_PKTINFO, info)]
        else:
            info = struct.pack("i", 0) + socket.inet_aton(options.source_info) + bytes(4)
            control = [(socket.IPPROTO_IP, IP_PKTINFO, info)]
        sender.sendmsg([payload], control, 0, target(options))
    elif options.connected:
        sender.connect(target(options))
        sender.send(payload)
    else:
        sender.sendto(payload, target(options))
    if options.ask:
        answer, _ = sender.recvfrom(65536)
        print(f"answer: {len(answer)} bytes")
    else:
        print("sent")


def ping(options):
    six = ":" in options.address
    pinger = socket.socket(
        socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM,
        socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    pinger.settimeout(options.timeout)
    pinger.sendto(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, 1) + b"hello", target(options))
    pinger.recv(4096)
    print("answer")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp_error(options):
    """Asks the server at ADDRESS first, so that there is a flow to quote."""
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(options.timeout)
    asker.connect((options.address, options.port))
    asker.send(b"hello")
    asker.recv(4096)
    here, port = asker.getsockname()
    # "Port unreachable" about a datagram of the answer's direction, with a payload of our own.
    quoted = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 60, 0, 0, 64, 17, 0,
        socket.inet_aton(options.address), socket.inet_aton(here))
    quoted += struct.pack("!HHHH", options.port, port, 40, 0) + b"payload that gets out. "
    quoted += b"." * (len(quoted) % 2)
    body = struct.pack("!BBHI", 3, 3, 0, 0) + quoted
    body = struct.pack("!BBHI", 3, 3, checksum(body), 0) + quoted
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.sendto(body, (options.address, 0))
    print("sent")


def hold(options):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    connection = open_socket(options, socket.SOCK_STREAM)
    connection.connect(target(options))
    stream = connection.makefile("rwb", buffering=0)
    count = 0
    while True:
        stream.write(f"line {count}\n".encode())
        answer = stream.readline().decode().strip()
        if not answer:
            print("closed", flush=True)
            return
        print(f"{count}: {answer}", flush=True)
        count += 1
        signal.sigwait({signal.SIGUSR1})


def late(options):
    """The server is asked for a line that it holds back until somebody tells it to speak."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    connection = open_socket(options, socket.SOCK_STREAM)
    connection.connect(target(options))
    connection.sendall(b"later\n")
    print("connected", flush=True)
    signal.sigwait({signal.SIGUSR1})
    answer = connection.recv(4096)
    print("received" if answer else "closed", flush=True)
    connection.sendall(b"line got out\n")
    answer = connection.recv(4096)
    print("received" if answer else "closed", flush=True)


def join(options):
    group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    member = struct.pack("4s4si", socket.inet_aton(options.address), bytes(4), 0)
    group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    print("joined")


def udp_error(options):
    sender = open_socket(options, socket.SOCK_DGRAM)
    sender.connect(target(options))
    try:
        sender.send(b"hello")
    except PermissionError:
        pass
    number = sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    print("error", errno.errorcode.get(number, number))


def push(options):
    connection = open_socket(options, socket.SOCK_STREAM)
    connection.connect(target(options))
    connection.sendall(f"count {options.bytes}\n".encode() + bytes(options.bytes))
    print("connected:", connection.makefile().readline().strip())


def pull(options):
    connection = open_socket(options, socket.SOCK_STREAM)
    connection.connect(target(options))
    connection.sendall(f"send {options.bytes}\n".encode())
    stream = connection.makefile("rb")
    count = len(stream.read(options.bytes))
    print("connected:", count if stream.readline() == b"done\n" else -1, "bytes")


def main():
    options = arguments()
    if options.keep:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    verbs = {
        "tcp": tcp, "udp": udp, "ping": ping, "icmp-error": icmp_error, "hold": hold, "push": push,
        "pull": pull, "late": late, "join": join, "udp-error": udp_error}
    try:
        verbs[options.verb](options)
    except (TimeoutError, socket.timeout) as error:
        # A connect that TCP itself gave up has an errno; ours has none.
        print("error ETIMEDOUT" if error.errno else "silent", flush=True)
    except OSError as error:
        print("error", errno.errorcode.get(error.errno, str(error)), flush=True)


if __name__ == "__main__":
    main()
