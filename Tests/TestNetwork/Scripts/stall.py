"""One side sends many bytes, the other does not read until it gets SIGUSR1.

    stall.py connect|listen ADDRESS PORT send BYTES
    stall.py connect|listen ADDRESS PORT receive

The receiver announces itself with one byte, so that a decision is not waited for. Prints the number
of bytes moved.
"""

import signal
import socket
import sys

verb, address, port, role, *size = sys.argv[1:]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
family = socket.AF_INET6 if ":" in address else socket.AF_INET
if verb == "listen":
    connection = socket.create_server((address, int(port)), family=family).accept()[0]
else:
    connection = socket.create_connection((address, int(port)))
if role == "send":
    connection.recv(1)
    connection.sendall(bytes(int(size[0])))
    connection.shutdown(socket.SHUT_WR)
    print(size[0], flush=True)
    connection.recv(1)
else:
    connection.sendall(b"!")
    signal.sigwait({signal.SIGUSR1})
    total = 0
    while data := connection.recv(1 << 20):
        total += len(data)
    print(total, flush=True)
