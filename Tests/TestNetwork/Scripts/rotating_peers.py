#!/usr/bin/env python3
"""Peers with certificates that never rest while the server's certificate changes, until SIGTERM.

    rotating_peers.py ADDRESS PORT CERTIFICATE KEY BUNDLE CONNECTIONS

So many connections stay open and ask one request after the other; one more is made anew for each of
its requests. Prints "ready" once all of them have had an answer, `new NUMBER` whenever the new one meets
another certificate of the server's, and at the end one line of JSON: {"requests": N, "connections": N,
"certificates": N, "failures": [what went wrong, …]}.
"""

import asyncio
import json
import signal
import ssl
import sys

address, port, certificate, key, bundle, count = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(bundle)
context.load_cert_chain(certificate, key)
REQUEST = b"GET /rotating HTTP/1.1\r\nHost: workload\r\n\r\n"
stopping = asyncio.Event()
counts = {"requests": 0, "connections": 0}
failures = []
serials = []


async def connect():
    return await asyncio.wait_for(
        asyncio.open_connection(address, int(port), ssl=context), 20)


async def ask(reader, writer):
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise AssertionError(head[:200])
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                  if line.startswith(b"content-length:"))
    await asyncio.wait_for(reader.readexactly(length), 20)
    counts["requests"] += 1


async def rest():
    """Leaves the processor to others; over at once when it is time to stop."""
    try:
        await asyncio.wait_for(stopping.wait(), 0.02)
    except asyncio.TimeoutError:
        pass


async def stay(started):
    try:
        reader, writer = await connect()
        await ask(reader, writer)
        started.release()
        while not stopping.is_set():
            await ask(reader, writer)
            await rest()
        writer.close()
    except Exception as error:
        failures.append(f"one that stays: {error!r}")


async def come_and_go(started):
    try:
        while not stopping.is_set():
            reader, writer = await connect()
            serial = writer.get_extra_info("peercert")["serialNumber"]
            await ask(reader, writer)
            writer.close()
            counts["connections"] += 1
            if serial not in serials:
                serials.append(serial)
                print("new", len(serials), flush=True)
            started.release()
    except Exception as error:
        failures.append(f"a new one: {error!r}")


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    started = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(stay(started)) for _ in range(int(count))]
    tasks.append(asyncio.create_task(come_and_go(started)))
    for _ in tasks:
        await asyncio.wait_for(started.acquire(), 60)
    print("ready", flush=True)
    await asyncio.gather(*tasks)
    print(json.dumps(counts | {"certificates": len(serials), "failures": failures[:20]}))


asyncio.run(main())
