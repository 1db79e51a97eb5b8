"""Many connections at once.

    crowd.py connect ADDRESS PORT COUNT     opens COUNT connections, each with a line of its own,
                                            and holds all of them until every one has its echo
    crowd.py carry ADDRESS PORT COUNT       opens COUNT connections, prints `ready`, and sends lines
                                            on each, one per echo, until SIGTERM
    crowd.py listen ADDRESS PORT            echoes; prints `ready` first

`connect` prints {"connected": N, "echoed": N, "failed": {reason: N}, "held": N} as one line, `carry`
{"alive": N, "fewest": LINES, "failed": {reason: N}}.
"""

import asyncio
import collections
import json
import resource
import signal
import sys

limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


async def listen(address, port):
    async def echo(reader, writer):
        try:
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(echo, address, int(port), backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


async def connect(address, port, count):
    count = int(count)
    outcome = collections.Counter()
    failed = collections.Counter()
    everyone = asyncio.Event()
    held = 0

    async def one(number):
        nonlocal held
        writer = None
        try:
            reader, writer = await asyncio.open_connection(address, int(port))
            outcome["connected"] += 1
            line = f"connection {number}\n".encode()
            writer.write(line)
            if await reader.readexactly(len(line)) == line:
                outcome["echoed"] += 1
        except (OSError, asyncio.IncompleteReadError) as error:
            failed[type(error).__name__] += 1
        held += 1
        if held == count:
            everyone.set()
        await everyone.wait()
        if writer:
            writer.close()

    await asyncio.wait_for(asyncio.gather(*(one(n) for n in range(count))), 90)
    line = {"connected": outcome["connected"], "echoed": outcome["echoed"], "failed": failed,
            "held": held}
    print(json.dumps(line), flush=True)


async def carry(address, port, count):
    count = int(count)
    failed = collections.Counter()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    streams = await asyncio.gather(
        *(asyncio.open_connection(address, int(port)) for _ in range(count)))
    print("ready", flush=True)

    async def one(number, reader, writer):
        sent = 0
        try:
            while not stop.is_set():
                line = f"{number} {sent}\n".encode()
                writer.write(line)
                if await reader.readexactly(len(line)) != line:
                    failed["other bytes"] += 1
                    return sent
                sent += 1
            writer.close()
        except (OSError, asyncio.IncompleteReadError) as error:
            failed[type(error).__name__] += 1
        return sent

    lines = await asyncio.gather(*(one(n, *stream) for n, stream in enumerate(streams)))
    line = {"alive": count - sum(failed.values()), "fewest": min(lines), "failed": failed}
    print(json.dumps(line), flush=True)


verb, *arguments = sys.argv[1:]
asyncio.run({"listen": listen, "connect": connect, "carry": carry}[verb](*arguments))
