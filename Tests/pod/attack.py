#!/usr/bin/env python3
"""What a workload tries besides sending: says on one line what came of it.

    attack.py become UID                   uid UID | error NAME
    attack.py vsock                        made | error NAME: a socket to the machine's host
    attack.py as UID ADDRESS PORT          becomes UID, then what probe.py says of TCP
    attack.py ids                          uid REAL EFFECTIVE
    attack.py segment FROM-PORT ADDRESS PORT FLAGS
        a TCP segment of its own making, with a payload, in the flow that has these ports (CAP_NET_RAW):
        sent | error NAME. FLAGS as in nft, with commas.
"""

import errno
import os
import socket
import struct
import sys

POD = ("10.77.1.2", "fd77:1::2")
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16}


def become(uid):
    os.setresuid(int(uid), int(uid), int(uid))
    return f"uid {os.getuid()}"


def as_uid(uid, address, port):
    become(uid)
    os.execv(sys.executable, [sys.executable, sys.path[0] + "/probe.py", "tcp", address, port])


def vsock():
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    return "made"


def ids():
    return f"uid {os.getuid()} {os.geteuid()}"


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(from_port, address, port, flags):
    six = ":" in address
    family = socket.AF_INET6 if six else socket.AF_INET
    bits = sum(FLAGS[name] for name in flags.split(","))
    payload = b"payload that gets out"
    head = struct.pack("!HHIIBBHHH", int(from_port), int(port), 1, 1, 5 << 4, bits, 512, 0, 0)
    here = socket.inet_pton(family, POD[six])
    there = socket.inet_pton(family, address)
    length = len(head) + len(payload)
    pseudo = here + there + (struct.pack("!II", length, 6) if six else struct.pack("!HH", 6, length))
    head = head[:16] + struct.pack("!H", checksum(pseudo + head + payload)) + head[18:]
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.sendto(head + payload, (address, 0))
    return "sent"


VERBS = {"become": become, "as": as_uid, "vsock": vsock, "ids": ids, "segment": segment}

try:
    print(VERBS[sys.argv[1]](*sys.argv[2:]))
except OSError as error:
    print("error", errno.errorcode.get(error.errno, str(error)))
