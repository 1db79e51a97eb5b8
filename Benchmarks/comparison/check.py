"""Whether a contender does the work that it is measured by: it forwards, refuses, traces, records."""

import http.client
import os
import re
import socket
import time

from comparison.handshakes import client_hello
from comparison.stage import BODY, NAME, WEB, Unable

TRACE = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def check(stage, contender):
    time.sleep(0.2)
    contender.lines()  # that of the connection that found it listening
    status, body = ask(stage, contender, "GET", "/", NAME)
    expect(contender, status == 200 and len(body) == BODY, f"an allowed request: {status} {body}")
    status, body = ask(stage, contender, "GET", "/trace", NAME)
    expect(contender, TRACE.fullmatch(body), f"no trace was begun: {status} {body}")
    status, _ = ask(stage, contender, "GET", "/", "evil.example.com")
    expect(contender, status == 403, f"another host: {status}")
    status, _ = ask(stage, contender, "DELETE", "/", NAME)
    expect(contender, status == 403, f"another method: {status}")
    expect(contender, greet(stage, contender, NAME)[:1] == b"\x16", "an allowed name was refused")
    expect(contender, greet(stage, contender, "evil.example.com")[:1] != b"\x16",
           "another name in a hello was let pass")
    if contender.logs:
        # Whom a hello's name refuses Envoy's filter chains leave without a line.
        lines = contender.lines(expected=5)
        expect(contender, lines >= 5, f"five requests and connections left {lines} lines in the log")


def expect(contender, holds, otherwise):
    if not holds:
        raise Unable(f"{contender.name} does not do the same work: {otherwise}")


def open_as(stage, uid, port):
    """A connection of the workload's: it is the socket's owner that chooses the proxy."""
    with stage.inside(stage.clients):
        os.seteuid(uid)
        connection = socket.socket()
        os.seteuid(0)
    connection.settimeout(5)
    connection.connect((WEB, port))
    return connection


def ask(stage, contender, method, path, host):
    """One request by the workload."""
    try:
        with open_as(stage, contender.workload, 80) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error).encode()


def greet(stage, contender, host):
    """What answers a ClientHello."""
    try:
        with open_as(stage, contender.tls_workload, 443) as connection:
            connection.sendall(client_hello(host))
            return connection.recv(65536)
    except OSError:
        return b""
