#!/usr/bin/env python3
"""A workload that puts secrets wherever HTTP and TLS have a place for them.

    telltale.py MARK WEB-ADDRESS DEAD-ADDRESS

Each input goes over a connection of its own, once as if captured on its way to the web server, once
to the explicit proxy where that makes a difference. A secret is MARK and where it stood. Prints one
line for each input, `WHAT: the first line of the answer`, and "done".
"""

import base64
import socket
import struct
import sys

mark, web, dead = sys.argv[1:]
ALLOWED, REFUSED = "api.example.com", "other.example.net"


def basic(text):
    return base64.b64encode(f"user:{text}".encode()).decode()


def fields(kind):
    """Header fields, each with a secret for a value."""
    return "".join(f"{line}\r\n" for line in (
        f"authorization: Bearer {mark}-{kind}-bearer",
        f"cookie: session={mark}-{kind}-cookie; b={mark}-{kind}-second",
        f"proxy-authorization: Basic {basic(mark)}",
        f"x-api-key: {mark}-{kind}-apikey",
        f"x-portarium-token: {mark}-{kind}-own",
        f"referer: http://u:{mark}@x/?q={mark}-{kind}-referer",
        f"user-agent: {mark}-{kind}-agent",
        f"tracestate: vendor={mark}{kind}",
        f"traceparent: {mark}-{kind}-trace"))


def request(kind, method="GET", target=None, host=ALLOWED, more="", body=""):
    target = target or f"/path?token={mark}-{kind}-query&x=1"
    length = f"content-length: {len(body)}\r\n" if body else ""
    return (f"{method} {target} HTTP/1.1\r\nhost: {host}\r\n{fields(kind)}{more}{length}"
            f"connection: close\r\n\r\n{body}")


def hello(name, session):
    """A ClientHello whose session identifier is a secret."""
    session = session.encode()[:32]
    server_name = struct.pack("!HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name.encode()
    secret = f"{mark}-alpn".encode()
    alpn = struct.pack("!HHHB", 16, len(secret) + 3, len(secret) + 1, len(secret)) + secret
    extensions = server_name + alpn
    body = (b"\x03\x03" + b"r" * 32 + bytes([len(session)]) + session + b"\x00\x02\x13\x01\x01\x00"
            + struct.pack("!H", len(extensions)) + extensions)
    message = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack("!H", len(message)) + message


def absolute(kind, host=ALLOWED, method="GET", userinfo="", path="/"):
    return (f"{method} http://{userinfo}{host}{path}?token={mark}-{kind}-query HTTP/1.1\r\n"
            f"host: {host}\r\n{fields(kind)}connection: close\r\n\r\n")


captured = {
    "allowed": request("allowed"),
    "upload": request("upload", "POST", body=f"{{\"password\": \"{mark}-body\"}}"),
    "refused host": request("refused", host=REFUSED),
    "refused upload": request("upload2", "POST", host=REFUSED, body=f"{mark}-body" * 100),
    "refused method": request("method", "DELETE"),
    "fragment": request("fragment", target=f"/#{mark}-fragment"),
    "query without path": request("nopath", target=f"?token={mark}-nopath"),
    "absolute-form": absolute("absolute"),
    "absolute-form without path": absolute("absolute2", path=""),
    "absolute-form with userinfo": absolute("userinfo", userinfo=f"user:{mark}-userinfo@"),
    "userinfo in host": request("hostinfo", host=f"user:{mark}-userinfo@{ALLOWED}"),
    "secret for a port": request("port", host=f"{ALLOWED}:{mark}-port"),
    "two hosts": request("twohosts", more=f"host: {mark}-host\r\n"),
    "bad method": request("badmethod", method=f"GE({mark}-method"),
    "bad target": request("badtarget", target=f"{mark}-target"),
    "bad field name": request("badname", more=f"x y: {mark}-badname\r\n"),
    "folded field": request("folded", more=f"x-a: b\r\n {mark}-folded\r\n"),
    "bare line feed": request("barelf", more=f"x-a: {mark}-barelf\n"),
    "both lengths": request("lengths", more="transfer-encoding: chunked\r\ncontent-length: 3\r\n"),
    "bad length": request("badlength", more=f"content-length: {mark}-length\r\n"),
    "bad chunk": request("badchunk", "POST", more="transfer-encoding: chunked\r\n")
    + f"zz;{mark}-chunk\r\n{mark}-chunk",
    "bad version": f"GET /?{mark}-version HTTP/7.{mark}\r\n{fields('version')}\r\n",
    "too long a head": request("toolong", more=f"x-long: {mark}-{'y' * 70000}\r\n"),
    "too many fields": request("toomany", more=f"x-a: {mark}-many\r\n" * 200),
    "half a head": f"GET /half?{mark}-half HTTP/1.1\r\nauthorization: {mark}-half",
    "upgrade": request("upgrade", more=f"upgrade: {mark}-protocol\r\n"),
    "CONNECT": request("connect", "CONNECT", target=f"user:{mark}-userinfo@{ALLOWED}:443"),
    "neither HTTP nor TLS": f"\x00\x01\x02{mark}-opaque",
}
explicit = {
    "proxied": absolute("proxied"),
    "proxied with userinfo": absolute("puserinfo", userinfo=f"user:{mark}-userinfo@"),
    "proxied, refused": absolute("prefused", host=REFUSED),
    "proxied to https": f"GET https://u:{mark}@{ALLOWED}/?{mark} HTTP/1.1\r\nhost: {ALLOWED}\r\n\r\n",
    "CONNECT": request("pconnect", "CONNECT", target=f"{ALLOWED}:443"),
    "CONNECT, refused": request("pconnect2", "CONNECT", target=f"{REFUSED}:443", host=REFUSED),
    "CONNECT with userinfo": request(
        "pconnect3", "CONNECT", target=f"user:{mark}-userinfo@{ALLOWED}:443"),
    "origin-form": request("porigin"),
}


def play(what, address, port, data):
    with socket.create_connection((address, port), timeout=10) as connection:
        answer = b""
        try:
            connection.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError as error:
            answer = answer or repr(error).encode()
    print(f"{what}: {answer.splitlines()[0] if answer else b''!r}", flush=True)


for what, data in captured.items():
    play(what, web, 80, data)
for what, data in explicit.items():
    play(what, "127.0.0.1", 15001, data)
for name in (ALLOWED, REFUSED):
    play(f"TLS {name}", web, 443, hello(name, f"{mark}-session"))
play("broken TLS", web, 443, hello(ALLOWED, mark)[:-20] + mark.encode())
play("unreachable", dead, 81, request("unreachable", host=f"{dead}:81"))
print("done", flush=True)
