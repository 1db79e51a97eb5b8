"""A TLS client whose ClientHello can be cut up or damaged on its way; the rest is a real handshake.

    tls_client.py ADDRESS PORT [--sni NAME] [--send N] [--record N] [--alpn N] [--damage KIND]

--send N: the hello in pieces of N bytes; --record N: the handshake message over records of N bytes;
--alpn N: some N bytes of protocol names make the hello longer. --damage: `length` (the extensions
claim more bytes than there are), `garbage` (the handshake message is noise), `cut` (half the hello,
then the end of the stream), `stall` (half the hello, then nothing).
Prints one line of JSON: {"result": "response" | "alert" | "eof" | "reset" | "timeout", "alert": the
reason OpenSSL gives, "level"/"description": the raw alert of a damaged handshake, "status": the
answer's first line}.
"""

import argparse
import json
import select
import socket
import ssl

parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("port", type=int)
parser.add_argument("--sni")
parser.add_argument("--send", type=int)
parser.add_argument("--record", type=int)
parser.add_argument("--alpn", type=int)
parser.add_argument("--damage")
parser.add_argument("--seconds", type=float, default=20)
options = parser.parse_args()


def hello():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if options.alpn:
        count = options.alpn // 200
        context.set_alpn_protocols([f"{i:04}" + "x" * 195 for i in range(count)] + ["http/1.1"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=options.sni)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return session, incoming, outgoing, outgoing.read()


def records(data):
    """The handshake message of some records, over records of another size."""
    message, at = b"", 0
    while at < len(data):
        length = int.from_bytes(data[at + 3:at + 5], "big")
        message += data[at + 5:at + 5 + length]
        at += 5 + length
    if options.damage == "garbage":
        message = message[:4] + bytes((i * 37 + 11) % 256 for i in range(len(message) - 4))
    if options.damage == "length":
        # legacy_session_id's length byte: claims more than the message holds.
        message = message[:38] + b"\xff" + message[39:]
    size = options.record or 16384
    return b"".join(
        b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece
        for piece in (message[i:i + size] for i in range(0, len(message), size)))


def exchange(connection):
    session, incoming, outgoing, first = hello()
    first = records(first)
    if options.damage in ("cut", "stall"):
        first = first[:len(first) // 2]
    size = options.send or len(first)
    for start in range(0, len(first), size):
        connection.sendall(first[start:start + size])
        if options.send:
            select.select([connection], [], [], 0.001)
    if options.damage == "cut":
        connection.shutdown(socket.SHUT_WR)
    if options.damage:
        answer = connection.recv(7)
        if not answer:
            return {"result": "eof"}
        if answer[0] == 21:
            while len(answer) < 7:
                answer += connection.recv(7 - len(answer))
            return {"result": "alert", "level": answer[5], "description": answer[6]}
        return {"result": "bytes", "first": answer.hex()}

    def pump(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                data = connection.recv(65536)
                if not data:
                    raise EOFError
                incoming.write(data)

    try:
        pump(session.do_handshake)
        session.write(f"GET / HTTP/1.1\r\nHost: {options.sni or options.address}\r\n"
                      "Connection: close\r\n\r\n".encode())
        connection.sendall(outgoing.read())
        answer = pump(lambda: session.read(65536))
        # To the end: closing with bytes unread would be a reset.
        while connection.recv(65536):
            pass
    except EOFError:
        return {"result": "eof"}
    except ssl.SSLError as error:
        return {"result": "alert", "alert": error.reason}
    return {"result": "response", "status": answer.split(b"\r\n")[0].decode()}


family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
with socket.socket(family) as connection:
    connection.settimeout(options.seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        connection.connect((options.address, options.port))
        result = exchange(connection)
    except ConnectionResetError:
        result = {"result": "reset"}
    except ConnectionRefusedError:
        result = {"result": "refused"}
    except socket.timeout:
        result = {"result": "timeout"}
print(json.dumps(result), flush=True)
