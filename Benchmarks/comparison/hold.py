"""Opens connections, asks once on each, and keeps them: hold.py UID ADDRESS HOST COUNT."""

import os
import socket
import sys
import time

uid, address, host, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
os.seteuid(uid)
request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
held = []
for _ in range(count):
    connection = socket.socket()
    connection.settimeout(10)
    connection.connect((address, 80))
    connection.sendall(request)
    answer = b""
    while not answer.endswith(b"x\n"):
        answer += connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        sys.exit(f"answered {answer[:60]}")
    held.append(connection)
print("held", flush=True)
time.sleep(60)
