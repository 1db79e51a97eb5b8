"""WebSocket by python3-websockets: an echo server, and a client that says what it saw.

    websocket.py listen ADDRESS PORT [CERTIFICATE KEY]     echoes; prints `ready` first
    websocket.py connect CAFILE URL

The client sends texts, a mebibyte of bytes and a ping, and closes. It prints {"echoed": messages,
"pong": true, "close": code} or {"error": what the library says} as one line.
"""

import asyncio
import json
import os
import ssl
import sys

import websockets

LARGEST = 1 << 21


async def listen(address, port, *pair):
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)

    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with websockets.serve(echo, address, int(port), ssl=context, max_size=LARGEST):
        print("ready", flush=True)
        await asyncio.Future()


async def connect(authority, url):
    context = ssl.create_default_context(cafile=authority) if url.startswith("wss:") else None
    echoed = 0
    try:
        async with websockets.connect(url, ssl=context, max_size=LARGEST) as socket:
            for message in ["hello", "ünïcode", "", "x" * 70000, os.urandom(1 << 20)]:
                await socket.send(message)
                echoed += await socket.recv() == message
            await (await socket.ping())
            await socket.close(1000)
            line = {"echoed": echoed, "pong": True, "close": socket.close_code}
    except (websockets.WebSocketException, OSError) as error:
        line = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(line), flush=True)


verb, *arguments = sys.argv[1:]
asyncio.run({"listen": listen, "connect": connect}[verb](*arguments))
