#!/usr/bin/python3
"""One request over TLS with Python's ssl: PORT CHAIN KEY ROOTS VERSION; prints the answer."""

import socket
import ssl
import sys

port, chain, key, roots, version = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(roots)
context.load_cert_chain(chain, key)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as plain:
    with context.wrap_socket(plain) as tls:
        for byte in b"hello from python\n":
            tls.sendall(bytes([byte]))
        while data := tls.recv(1000):
            print(data.decode(), end="")
