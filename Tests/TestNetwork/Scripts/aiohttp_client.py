"""HTTP requests by python3-aiohttp in one session, which keeps its connections.

    aiohttp_client.py CAFILE STEP...

Steps and output as of requests_client.py, and `together N URL`: N requests at once, one line each.
"""

import asyncio
import hashlib
import json
import ssl
import sys

import aiohttp


async def pieces(path):
    with open(path, "rb") as file:
        while data := file.read(65536):
            yield data


async def request(session, method, url, **options):
    try:
        async with session.request(method, url, **options) as answer:
            body = await answer.read()
            line = {"status": answer.status, "sha256": hashlib.sha256(body).hexdigest(),
                    "bytes": len(body),
                    "reason": answer.headers.get("x-portarium-deny-reason", ""),
                    "text": body.decode(errors="replace") if len(body) < 4096 else ""}
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        line = {"error": repr(error)}
    print(json.dumps(line), flush=True)


async def main(authority, *steps):
    trusted = ssl.create_default_context(cafile=authority)
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
        for step in steps:
            verb, *words = step.split()
            url = words[-1]
            if verb == "together":
                await asyncio.gather(
                    *(request(session, "GET", url, ssl=trusted) for _ in range(int(words[0]))))
            elif verb == "put":
                with open(words[0], "rb") as file:
                    await request(session, "PUT", url, data=file, ssl=trusted)
            elif verb == "stream":
                await request(session, "PUT", url, data=pieces(words[0]), ssl=trusted)
            else:
                await request(session, verb.upper(), url, ssl=trusted)


asyncio.run(main(*sys.argv[1:]))
