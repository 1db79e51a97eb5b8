#!/usr/bin/env python3
"""What a workload tries besides sending: says on one line what came of it.

    attack.py become UID                   uid UID | error NAME
    attack.py vsock                        made | error NAME: a socket to the machine's host
    attack.py as UID ADDRESS PORT          becomes UID, then what probe.py says of TCP
    attack.py ids                          uid REAL EFFECTIVE
    attack.py deaf ADDRESS PORT            listening: a server that hears no SYN and answers none; until killed
    attack.py marks ADDRESS PORT           marks MARK PRIORITY: what stands beside a datagram to itself
                                           (CAP_NET_RAW)
    attack.py segment FROM-PORT ADDRESS PORT FLAGS
        a TCP segment of its own making, with a payload, in the flow that has these ports (CAP_NET_RAW):
        sent | error NAME. FLAGS as in nft, with commas.
"""

import ctypes
import errno
import os
import signal
import socket
import struct
import sys

POD = ("10.77.1.2", "fd77:1::2")
SO_ATTACH_FILTER, SO_MARK, SO_RCVMARK, SO_RCVPRIORITY = 26, 36, 75, 82
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


def deaf(address, port):
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, int(port)))
    # One instruction of classic BPF: nothing of the packet is kept.
    program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                        struct.pack("HL", 1, ctypes.addressof(program)))
    listener.listen()
    print("listening", flush=True)
    signal.pause()


def marks(address, port):
    here = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    here.bind((address, int(port)))
    here.settimeout(2)
    for option in (SO_RCVMARK, SO_RCVPRIORITY):
        here.setsockopt(socket.SOL_SOCKET, option, 1)
    here.sendto(b"hello", (address, int(port)))
    _, control, _, _ = here.recvmsg(64, 256)
    values = {kind: struct.unpack("I", value[:4])[0] for _, kind, value in control}
    return f"marks {values.get(SO_MARK, 0)} {values.get(socket.SO_PRIORITY, 0)}"


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


VERBS = {"become": become, "as": as_uid, "vsock": vsock, "ids": ids, "deaf": deaf, "marks": marks,
         "segment": segment}


def main():
    try:
        print(VERBS[sys.argv[1]](*sys.argv[2:]))
    except OSError as error:
        print("error", errno.errorcode.get(error.errno, str(error)))


if __name__ == "__main__":
    main()
