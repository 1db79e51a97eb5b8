#!/usr/bin/env python3
"""A TLS connection that stays open until SIGTERM; SIGUSR1 sends a request over it.

    held_tls.py ADDRESS PORT NAME

Prints "open" after the handshake, the status of each answer, and "reset" or "eof" where the
connection is ended for it.
"""

import os
import select
import signal
import socket
import ssl
import sys

address, port, name = sys.argv[1:]
wake, woken = socket.socketpair()
woken.setblocking(False)
wake.setblocking(False)
signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
for number in (signal.SIGUSR1, signal.SIGTERM):
    signal.signal(number, lambda *_: None)

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
connection = context.wrap_socket(
    socket.create_connection((address, int(port)), timeout=20), server_hostname=name)
# TLS can't tell a reset from an end without close_notify: the socket below it can.
raw = socket.socket(fileno=os.dup(connection.fileno()))
print("open", flush=True)
ended = False
while True:
    ready, _, _ = select.select([woken] if ended else [woken, connection], [], [])
    try:
        if connection in ready:
            connection.settimeout(0)
            try:
                raw.recv(1, socket.MSG_PEEK)
                answer = connection.recv(65536)
                if not answer:
                    print("eof", flush=True)
                    ended = True
            except ssl.SSLWantReadError:
                # Session tickets: nothing for us.
                continue
            else:
                if answer.startswith(b"HTTP/1.1 "):
                    print(answer[9:12].decode(), flush=True)
        if woken in ready:
            numbers = woken.recv(16)
            if signal.SIGTERM in numbers:
                break
            if not ended:
                connection.settimeout(20)
                connection.sendall(f"GET / HTTP/1.1\r\nhost: {name}\r\n\r\n".encode())
    except ConnectionError:
        print("reset", flush=True)
        ended = True
if not ended:
    # Without close_notify: only the TCP connection's end matters here.
    connection.close()
