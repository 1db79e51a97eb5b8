#!/usr/bin/env python3
"""A workload that never rests: requests and connections one after the other, until SIGTERM.

    steady.py WEB-ADDRESS NAME ECHO-ADDRESS ECHO-PORT

Two threads send requests over one connection each, one opens a TLS connection for each request, and
one sends bytes over a connection that stays open all the time and expects them back. Prints "ready"
once all have had an answer, and at the end one line of JSON: {"requests": N, "handshakes": N,
"echoes": N, "failures": [what went wrong, …]}.
"""

import http.client
import json
import signal
import socket
import ssl
import sys
import threading

web, name, echo_address, echo_port = sys.argv[1:]
stopping = threading.Event()
started = threading.Barrier(5)
counts = {"requests": 0, "handshakes": 0, "echoes": 0}
failures = []


def run(kind, once):
    def body():
        try:
            once()
            started.wait()
            done = 0
            while not stopping.is_set():
                once()
                done += 1
            counts[kind] += done
        except Exception as error:
            failures.append(f"{kind}: {error!r}")
            started.abort()
    thread = threading.Thread(target=body)
    thread.start()
    return thread


def expect(answer):
    body = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{answer.status}: {body[:300]!r}")


def requests():
    connection = http.client.HTTPConnection(web, 80, timeout=20)

    def once():
        connection.request("GET", "/steady", headers={"host": name})
        expect(connection.getresponse())
    return once


def handshake():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((web, 443), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            secure.sendall(f"GET /steady HTTP/1.0\r\nhost: {name}\r\n\r\n".encode())
            answer = b""
            while part := secure.recv(65536):
                answer += part
            if b" 200 " not in answer[:20]:
                raise AssertionError(repr(answer[:300]))


def echoes():
    connection = socket.create_connection((echo_address, int(echo_port)), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def once():
        connection.sendall(b"x" * 1000)
        left = 1000
        while left:
            part = connection.recv(left)
            if not part:
                raise AssertionError("the end")
            left -= len(part)
    return once


signal.signal(signal.SIGTERM, lambda *_: stopping.set())
threads = [
    run("requests", requests()), run("requests", requests()), run("handshakes", handshake),
    run("echoes", echoes())]
try:
    started.wait()
    print("ready", flush=True)
except threading.BrokenBarrierError:
    stopping.set()
for thread in threads:
    while thread.is_alive():
        thread.join(0.1)
print(json.dumps({**counts, "failures": failures}), flush=True)
