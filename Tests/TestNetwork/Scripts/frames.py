#!/usr/bin/env python3
"""What a workload with CAP_NET_RAW tries below the IP layer, or past the usual protocols.

    frames.py send DEVICE MAC ADDRESS --how raw|dgram|bypass|ring|many|xdp
        a frame to MAC with a datagram to ADDRESS in it: `sent` or `error NAME`. Where the frame
        meets a door that drops it the system call may say so (ENOBUFS) or not.
    frames.py protocol ADDRESS NUMBER     a raw socket's packet of that protocol
    frames.py headers ADDRESS --kind …    a packet whose IP header is our own, or with extension headers
    frames.py neighbour ADDRESS           a neighbour solicitation with a payload
    frames.py listen DEVICE               reads marks and priorities of whatever a tap on the device
        and a listener of its groups hear; SIGTERM makes it print `MARK PRIORITY` for each that it saw
"""

import argparse
import ctypes
import errno
import mmap
import select
import signal
import socket
import struct

SOL_PACKET, PACKET_TX_RING, PACKET_QDISC_BYPASS = 263, 13, 20
SO_RCVMARK, SO_RCVPRIORITY = 75, 82
IPV6_JOIN_GROUP = 20
AF_XDP, SOL_XDP = 44, 283
XDP_MMAP_OFFSETS, XDP_TX_RING, XDP_UMEM_REG = 1, 3, 4
XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING = 5, 6
XDP_COPY = 2
libc = ctypes.CDLL(None, use_errno=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb")
    parser.add_argument("words", nargs="+")
    parser.add_argument("--how", default="raw")
    parser.add_argument("--kind", default="plain")
    parser.add_argument("--type", type=lambda text: int(text, 16), help="what the frame says it is")
    parser.add_argument("--source", help="whose address the datagram has, if not our own")
    parser.add_argument("--vlan", action="store_true", help="with a tag of VLAN 0")
    parser.add_argument("--mark", type=lambda text: int(text, 0))
    parser.add_argument("--priority", type=lambda text: int(text, 0))
    return parser.parse_args()


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagram(source, address, payload=b"payload that gets out", port=443):
    """An IP packet with a UDP datagram in it; without a UDP checksum over IPv4."""
    udp = struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload
    if ":" in address:
        to, by = socket.inet_pton(socket.AF_INET6, address), socket.inet_pton(socket.AF_INET6, source)
        pseudo = by + to + struct.pack("!II", len(udp), 17)
        udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp)) + udp[8:]
        return struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + by + to + udp
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
        socket.inet_aton(address))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def own(address):
    return "fd77:1::2" if ":" in address else "10.77.1.2"


def send(options):
    device, mac, address = options.words
    packet = datagram(options.source or own(address), address)
    kind = options.type or (0x86DD if ":" in address else 0x0800)
    there = bytes.fromhex(mac.replace(":", ""))
    tag = struct.pack("!HH", 0x8100, 0) if options.vlan else b""
    frame = there + b"\x02\x00\x00\x00\x00\x01" + tag + struct.pack("!H", kind) + packet
    if options.how == "xdp":
        return send_xdp(device, frame)
    shape = socket.SOCK_DGRAM if options.how == "dgram" else socket.SOCK_RAW
    tap = socket.socket(socket.AF_PACKET, shape, 0)
    tap.bind((device, 0))
    if options.mark is not None:
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, struct.pack("I", options.mark))
    if options.priority is not None:
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, struct.pack("I", options.priority))
    if options.how == "bypass":
        tap.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    if options.how == "ring":
        # One block of one page with one frame, in the oldest layout: status, length, then the data
        # 32 bytes on. Status 1: send it.
        tap.setsockopt(SOL_PACKET, PACKET_TX_RING, struct.pack("IIII", 4096, 1, 2048, 2))
        ring = mmap.mmap(tap.fileno(), 4096)
        ring[32:32 + len(frame)] = frame
        ring[0:16] = struct.pack("LII", 1, len(frame), len(frame))
        tap.send(b"")
    elif options.how == "dgram":
        tap.sendto(packet, (device, kind, 0, 1, there))
    elif options.how == "many":
        for _ in range(20):
            tap.sendmsg([frame])
    else:
        tap.send(frame)
    print("sent")


def send_xdp(device, frame):
    """One frame from a umem of one page by the copying mode, which every device has."""
    made = socket.socket(AF_XDP, socket.SOCK_RAW, 0)
    memory = mmap.mmap(-1, 4096 * 16)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    memory[0:len(frame)] = frame
    made.setsockopt(SOL_XDP, XDP_UMEM_REG, struct.pack("QQIIII", start, 4096 * 16, 4096, 0, 0, 0))
    for ring in (XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_TX_RING):
        made.setsockopt(SOL_XDP, ring, 16)
    # Four rings, of each the places of producer, consumer, descriptors and flags; ours is the second.
    offsets = struct.unpack("16Q", made.getsockopt(SOL_XDP, XDP_MMAP_OFFSETS, 128))
    producer, _, descriptors, _ = offsets[4:8]
    tx = mmap.mmap(made.fileno(), descriptors + 16 * 16, offset=0x80000000)
    address = struct.pack("HHIII", AF_XDP, XDP_COPY, socket.if_nametoindex(device), 0, 0)
    if libc.bind(made.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), "bind")
    tx[descriptors:descriptors + 16] = struct.pack("QII", 0, len(frame), 0)
    tx[producer:producer + 4] = struct.pack("I", 1)
    if libc.sendto(made.fileno(), None, 0, socket.MSG_DONTWAIT, None, 0) < 0:
        raise OSError(ctypes.get_errno(), "sendto")
    print("sent")


def protocol(options):
    address, number = options.words
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    raw = socket.socket(family, socket.SOCK_RAW, int(number))
    inner = datagram(own(address), address)
    raw.sendto(inner if int(number) in (4, 41) else b"\x00" * 8 + inner, (address, 0))
    print("sent")


def headers(options):
    (address,) = options.words
    raw6 = ":" in address
    if raw6:
        raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 255)
        packet = datagram(own(address), address)
        body = packet[40:]
        first = {"plain": 17, "hop": 0, "destination": 60, "fragment": 44, "routing": 43}[options.kind]
        extra = {
            "plain": b"", "hop": b"\x11\x00\x01\x04" + bytes(4),
            "destination": b"\x11\x00\x01\x04" + bytes(4),
            "fragment": struct.pack("!BBHI", 17, 0, 1, 7),
            "routing": b"\x11\x00\x04\x00" + bytes(4)}[options.kind]
        packet = (struct.pack("!IHBB", 6 << 28, len(body) + len(extra), first, 64) + packet[8:40]
                  + extra + body)
    else:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        packet = bytearray(datagram(own(address), address))
        if options.kind == "fragment":
            # More fragments follow: they never do.
            packet[6] = 0x20
        if options.kind == "later-fragment":
            packet[7] = 1
        packet = bytes(packet)
    if options.mark is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, struct.pack("I", options.mark))
    raw.sendto(packet, (address, 0))
    print("sent")


def neighbour(options):
    (address,) = options.words
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    body = struct.pack("!BBHI", 135, 0, 0, 0) + socket.inet_pton(socket.AF_INET6, address)
    raw.sendto(body + b"\x0e\x02payload gets out", (address, 0))
    print("sent")


def asked(made):
    made.setsockopt(socket.SOL_SOCKET, SO_RCVMARK, 1)
    try:
        made.setsockopt(socket.SOL_SOCKET, SO_RCVPRIORITY, 1)
    except OSError as error:
        # Kernels before 6.14 tell nobody the priority.
        if error.errno != errno.ENOPROTOOPT:
            raise
    return made


def listen(options):
    (device,) = options.words
    tap = asked(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    tap.bind((device, 3))
    icmp = asked(socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6))
    number = socket.if_nametoindex(device)
    # The group that the kernel's own reports go to, then others, about which it reports.
    for group in ["ff02::16"] + [f"ff02::7:{count}" for count in range(1, 9)]:
        icmp.setsockopt(
            socket.IPPROTO_IPV6, IPV6_JOIN_GROUP,
            socket.inet_pton(socket.AF_INET6, group) + struct.pack("I", number))
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    print("ready", flush=True)
    seen = set()
    heard = {"report": 0}
    while True:
        for ready in select.select([tap, icmp, wake], [], [])[0]:
            if ready is wake:
                for mark, priority in sorted(seen):
                    print(f"{mark:#010x} {priority:#010x}", flush=True)
                print("end", flush=True)
                return
            data, control, _, _ = ready.recvmsg(65536, 1024)
            values = {kind: struct.unpack("I", value[:4])[0] for _, kind, value in control}
            seen.add((values.get(socket.SO_MARK, 0), values.get(socket.SO_PRIORITY, 0)))
            if ready is icmp and data[:1] == b"\x8f" and not heard["report"]:
                heard["report"] = 1
                print("report", flush=True)


def main():
    options = arguments()
    verbs = {
        "send": send, "protocol": protocol, "headers": headers, "neighbour": neighbour,
        "listen": listen}
    try:
        verbs[options.verb](options)
    except OSError as error:
        print("error", errno.errorcode.get(error.errno, str(error)), flush=True)


if __name__ == "__main__":
    main()
