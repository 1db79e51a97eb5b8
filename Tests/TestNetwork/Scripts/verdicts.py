"""Many small flows and whoever answers them.

verdicts.py serve PORT...    answers requests, and ends what is none, on all addresses
verdicts.py send FILE        sends the flows of FILE, one JSON object a line, and says how many
"""

import asyncio
import json
import ssl
import sys


async def answer(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if not head[:1].isalpha():
                break
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        pass
    writer.close()


async def serve(ports):
    servers = []
    for port in ports:
        for address in ("0.0.0.0", "::"):
            servers.append(await asyncio.start_server(answer, address, port))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def hello(name):
    """The first flight of a client that names this server, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname=name or None)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


async def requests(flows):
    """As many as the other end lets through on each connection, one after the other."""
    flows = list(flows)
    while flows:
        reader, writer = await asyncio.open_connection(flows[0]["address"], flows[0]["port"])
        try:
            while flows:
                flow = flows[0]
                host = f"[{flow['host']}]" if ":" in flow["host"] else flow["host"]
                writer.write(f"{flow['method']} / HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                flows.pop(0)
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:") and flow["method"] != "HEAD":
                        await reader.readexactly(int(line.split(b":")[1]))
                if b"connection: close" in head.lower():
                    break
        finally:
            writer.close()


async def bytes_of(flow):
    reader, writer = await asyncio.open_connection(flow["address"], flow["port"])
    try:
        writer.write(hello(flow["host"]) if flow["kind"] == "tls" else b"\x00binary\r\n\r\n")
        writer.write_eof()
        await reader.read()
    except OSError:
        pass
    writer.close()


async def send(path):
    flows = [json.loads(line) for line in open(path, encoding="utf-8")]
    connections = {}
    others = []
    for flow in flows:
        if flow["kind"] == "http":
            connections.setdefault((flow["address"], flow["port"]), []).append(flow)
        else:
            others.append(flow)
    for group in connections.values():
        await requests(group)
    for start in range(0, len(others), 20):
        await asyncio.gather(*(bytes_of(flow) for flow in others[start:start + 20]))
    print(len(flows))


if sys.argv[1] == "serve":
    asyncio.run(serve([int(port) for port in sys.argv[2:]]))
else:
    asyncio.run(send(sys.argv[2]))
