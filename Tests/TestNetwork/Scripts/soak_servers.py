#!/usr/bin/env python3
"""A server for the soak test whose behaviour the request's path chooses.

    soak_servers.py ADDRESS

On port 80 HTTP: /count answers with the body's length, /bytes/N with N bytes, /chunks/N with N bytes
in chunks, /old with a body that ends with the connection, /interim with two 1xx first; /silent closes
without an answer, /reset resets, /half/N announces N bytes, sends half and closes, /half-reset/N
resets instead; /early answers before the body and closes, /last closes after the answer without
saying so, /switch answers 101 unasked, /websocket when asked, and echoes from then on. On port 7000
an echo. Prints `ready` first.
"""

import asyncio
import socket
import struct
import sys

PIECE = b"0123456789abcdef" * 4096


def reset(writer):
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def send(writer, count):
    while count > 0:
        writer.write(PIECE[:count])
        count -= len(PIECE)
        await writer.drain()


async def body_length(reader, fields):
    if "chunked" in fields.get("transfer-encoding", ""):
        total = 0
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
            total += size
        while (await reader.readline()).strip():
            pass
        return total
    left = total = int(fields.get("content-length", "0"))
    while left:
        piece = await reader.read(min(left, 65536))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
    return total


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def answer(reader, writer):
    """One request; false where the connection is over."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    fields = {}
    for line in head[1:-2]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip().lower()
    name, _, number = path[1:].partition("/")
    number = int(number or "0")
    if name == "early":
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return False
    if name == "websocket":
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                     b"Upgrade: websocket\r\n\r\n")
        await echo(reader, writer)
        return False
    if "100-continue" in fields.get("expect", ""):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = await body_length(reader, fields)
    if name == "silent":
        return False
    if name in ("reset", "half", "half-reset"):
        if name != "reset":
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {number}\r\n\r\n".encode())
            await send(writer, number // 2)
        if name != "half":
            reset(writer)
        return False
    if name == "switch":
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
        return False
    if name == "old":
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nold")
        return False
    if name == "interim":
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
    if name == "chunks":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while number > 0:
            piece = PIECE[:min(number, 5000)]
            writer.write(b"%x;a=b\r\n%b\r\n" % (len(piece), piece))
            number -= len(piece)
            await writer.drain()
        writer.write(b"0\r\nTrailer: a\r\n\r\n")
        return True
    if name == "bytes":
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {number}\r\n\r\n".encode())
        if method != "HEAD":
            await send(writer, number)
        return True
    text = str(length)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    return name != "last"


async def guarded(serve, reader, writer):
    try:
        await serve(reader, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def http(reader, writer):
    while await answer(reader, writer):
        await writer.drain()


async def main(address):
    for serve, port in ((http, 80), (echo, 7000)):
        await asyncio.start_server(
            lambda r, w, serve=serve: guarded(serve, r, w), address, port, backlog=4096)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
