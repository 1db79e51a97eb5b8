"""Moves many bytes both ways at once over one connection and prints what arrived.

    bulk.py connect|listen ADDRESS PORT BYTES SEED

Sends BYTES bytes of an AES-128-CTR stream keyed by SEED, then ends its side; reads the other side to
its end. Prints {"sent": sha256, "received": sha256, "bytes": N} as one line of JSON.
"""

import hashlib
import json
import socket
import subprocess
import sys
import threading

verb, address, port, size, seed = sys.argv[1:]
size = int(size)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
if verb == "listen":
    server = socket.create_server((address, int(port)), family=family)
    connection = server.accept()[0]
else:
    connection = socket.create_connection((address, int(port)))
connection.settimeout(120)

sent = hashlib.sha256()
received = hashlib.sha256()
arrived = 0


def send():
    generator = subprocess.Popen(
        ["openssl", "enc", "-aes-128-ctr", "-K", seed * 32, "-iv", "0" * 32, "-in", "/dev/zero"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    left = size
    while left:
        data = generator.stdout.read(min(left, 1 << 20))
        sent.update(data)
        connection.sendall(data)
        left -= len(data)
    generator.kill()
    generator.wait()
    connection.shutdown(socket.SHUT_WR)


sender = threading.Thread(target=send)
sender.start()
buffer = memoryview(bytearray(1 << 20))
while count := connection.recv_into(buffer):
    received.update(buffer[:count])
    arrived += count
sender.join()
line = {"sent": sent.hexdigest(), "received": received.hexdigest(), "bytes": arrived}
print(json.dumps(line), flush=True)
