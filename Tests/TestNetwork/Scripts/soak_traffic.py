#!/usr/bin/env python3
"""A workload's mixed, randomised traffic, so many connections a second.

    soak_traffic.py --seconds S --rate R --seed N

Every connection plays one of the scenarios below; the seed decides which, and all sizes. Each says
how many audit records it must leave behind. At the end prints one line of JSON: {"connections": N,
"fewest": records at least, "most": records at most, "played": {scenario: N}, "unexpected":
{scenario: [how often, the first]}}.
"""

import argparse
import asyncio
import collections
import errno
import itertools
import json
import random
import socket
import ssl
import struct
import sys

WEB, RAW, NOBODY = "10.77.2.80", "10.77.2.70", "10.77.2.99"
API, READABLE, SERVICE, BLOCKED = (
    "api.example.com", "www.example.com", "service.example.com", "other.example.net")
PATIENCE = 60
# Ports to connect from, below those that the kernel chooses for the sidecar. The two share the pod's
# address: where one connects within seconds from a port that the other had towards the same server,
# and that server reset it, the kernel takes the connection for the old one, and the rules refuse it.
PORTS = range(16000, 32768)

ports = itertools.cycle(PORTS)

open_count = 0
scenarios = []


def scenario(weight):
    def add(function):
        scenarios.append((function, weight))
        return function
    return add


class Unexpected(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Unexpected(what)


class Peer:
    """One connection of the workload."""

    @classmethod
    async def open(cls, address, port, tls=None, name=None):
        global open_count
        peer = cls()
        made = await cls.connected(address, port)
        # From here on the sidecar has, or will have, accepted it.
        open_count += 1
        peer.socket = made
        try:
            peer.reader, peer.writer = await asyncio.open_connection(
                sock=made, ssl=tls, server_hostname=name if tls else None)
        except BaseException:
            made.close()
            raise
        return peer

    @staticmethod
    async def connected(address, port):
        for _ in PORTS:
            made = socket.socket()
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                made.bind(("", next(ports)))
                await asyncio.get_running_loop().sock_connect(made, (address, port))
                return made
            except OSError as error:
                made.close()
                if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                    raise
        raise Unexpected("no port to connect from")

    def send(self, text, body=b""):
        self.writer.write(text.replace("|", "\r\n").encode("latin-1") + body)

    async def upload(self, count):
        """Sends so many bytes, or as many as are taken."""
        try:
            while count > 0:
                self.writer.write(bytes(min(count, 65536)))
                count -= 65536
                await self.writer.drain()
        except ConnectionError:
            pass

    async def head(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(
            (name.lower(), value.strip())
            for name, _, value in (line.partition(":") for line in lines[1:-2]))
        return int(lines[0].split(" ")[1]), fields

    async def answer(self, to_head=False):
        """Status and body of the next response that is not interim."""
        status, fields = await self.head()
        while status in (100, 102, 103):
            status, fields = await self.head()
        if to_head or status == 204:
            return status, b""
        if "chunked" in fields.get("transfer-encoding", ""):
            body = b""
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            while (await self.reader.readline()).strip():
                pass
            return status, body
        if "content-length" in fields:
            return status, await self.reader.readexactly(int(fields["content-length"]))
        return status, await self.reader.read()

    async def expect_answer(self, status, body=None, to_head=False):
        seen, content = await self.answer(to_head)
        expect(seen == status, f"{seen}, not {status}: {content[:200]}")
        expect(body is None or content == body, f"another body: {content[:100]}")

    async def expect_end(self):
        """The other side closes or resets; what comes before is dropped."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self):
        self.writer.close()


async def web(**options):
    return await Peer.open(WEB, options.pop("port", 80), **options)


async def service():
    return await Peer.open(RAW, 80)


def head(method, path, host, rest="", version="1.1"):
    return f"{method} {path} HTTP/{version}|Host: {host}|{rest}|"


# MARK: Ordinary requests

@scenario(20)
async def one_request(dice):
    peer = await web()
    peer.send(head("GET", "/one", API, "Connection: close|"))
    await peer.expect_answer(200, b"GET http api.example.com /one")
    await peer.expect_end()
    peer.close()
    return 1


@scenario(12)
async def kept_alive(dice):
    peer = await web()
    count = dice.randint(2, 10)
    for index in range(count):
        method = dice.choice(["GET", "GET", "HEAD", "POST"])
        size = dice.randint(0, 2000)
        length = f"Content-Length: {size}|" if method == "POST" else ""
        peer.send(head(method, f"/{index}", API, length), bytes(size if length else 0))
        expected = None if method == "HEAD" else f"{method} http {API} /{index}".encode()
        await peer.expect_answer(200, expected, to_head=method == "HEAD")
    peer.close()
    return count


@scenario(4)
async def pipelined(dice):
    peer = await web()
    count = dice.randint(2, 20)
    peer.send("".join(head("GET", f"/{index}", API) for index in range(count)))
    for index in range(count):
        await peer.expect_answer(200, f"GET http {API} /{index}".encode())
    peer.close()
    return count


@scenario(4)
async def http10(dice):
    peer = await web()
    keep = dice.random() < 0.5
    peer.send(head("GET", "/old", API, "Connection: keep-alive|" if keep else "", version="1.0"))
    await peer.expect_answer(200, f"GET http {API} /old".encode())
    if not keep:
        await peer.expect_end()
    peer.close()
    return 1


@scenario(5)
async def post_length(dice):
    peer = await service()
    size = dice.randint(0, 65536)
    peer.send(head("POST", "/count", SERVICE, f"Content-Length: {size}|"), bytes(size))
    await peer.expect_answer(200, str(size).encode())
    peer.close()
    return 1


@scenario(5)
async def post_chunked(dice):
    peer = await service()
    sizes = [dice.randint(1, 9000) for _ in range(dice.randint(0, 8))]
    body = b"".join(b"%x;x=y\r\n%b\r\n" % (size, bytes(size)) for size in sizes)
    peer.send(head("POST", "/count", SERVICE, "Transfer-Encoding: chunked|"),
              body + b"0\r\nA: b\r\n\r\n")
    await peer.expect_answer(200, str(sum(sizes)).encode())
    peer.close()
    return 1


@scenario(3)
async def expecting(dice):
    peer = await service()
    peer.send(head("PUT", "/count", SERVICE, "Expect: 100-continue|Content-Length: 4000|"))
    status, _ = await peer.head()
    expect(status == 100, f"{status}, not 100")
    peer.send("", bytes(4000))
    await peer.expect_answer(200, b"4000")
    peer.close()
    return 1


@scenario(3)
async def odd_answers(dice):
    peer = await service()
    path, body = dice.choice([("/interim", b"0"), ("/old", b"old"), ("/chunks/20000", None)])
    peer.send(head("GET", path, SERVICE))
    await peer.expect_answer(200, body)
    peer.close()
    return 1


@scenario(2)
async def large_down(dice):
    peer = await service()
    size = dice.randint(200_000, 4_000_000)
    peer.send(head("GET", f"/bytes/{size}", SERVICE))
    status, fields = await peer.head()
    expect(status == 200, f"{status}")
    left = size
    while left:
        piece = await peer.reader.read(min(left, 65536))
        expect(piece, f"the end, {left} bytes early")
        left -= len(piece)
    peer.close()
    return 1


@scenario(2)
async def large_up(dice):
    peer = await service()
    size = dice.randint(200_000, 4_000_000)
    peer.send(head("POST", "/count", SERVICE, f"Content-Length: {size}|"))
    await peer.upload(size)
    await peer.expect_answer(200, str(size).encode())
    peer.close()
    return 1


# MARK: Refused

@scenario(8)
async def refused_then_allowed(dice):
    peer = await web()
    if dice.random() < 0.5:
        peer.send(head("GET", "/", BLOCKED))
    else:
        peer.send(head("DELETE", "/", READABLE))
    await peer.expect_answer(403)
    peer.send(head("GET", "/after", READABLE))
    await peer.expect_answer(200, f"GET http {READABLE} /after".encode())
    peer.close()
    return 2


MALFORMED = [
    ("POST / HTTP/1.1|Host: api.example.com|Content-Length: 3|Content-Length: 4||abcd", 400),
    ("POST / HTTP/1.1|Host: api.example.com|Content-Length: 3|Transfer-Encoding: chunked||", 400),
    ("POST / HTTP/1.1|Host: api.example.com|Transfer-Encoding: gzip||", 501),
    ("GET / HTTP/1.1|Host: api.example.com|Host: other.example.net||", 400),
    ("GET / HTTP/1.1|Host: api.example.com|X : y||", 400),
    ("GET / HTTP/1.1|Host: api.example.com|X: y| folded||", 400),
    ("GET / HTTP/1.1\nHost: api.example.com\n\n", 400),
    ("GET / HTTP/1.1|Host: api.example.com|X: \0||", 400),
    ("GET / HTTP/2.0|Host: api.example.com||", 505),
    ("GET / HTTP/1.1|||", 400),
    ("GET / HTTP/1.1|Host: api.example.com:81||", 400),
    ("GET / HTTP/1.1|Host: api.example.com|" + "".join(f"h{n}: y|" for n in range(130)) + "|", 431),
]


@scenario(8)
async def malformed(dice):
    peer = await web()
    text, status = dice.choice(MALFORMED)
    peer.send(text)
    await peer.expect_answer(status)
    await peer.expect_end()
    peer.close()
    return 1


@scenario(2)
async def broken_chunk(dice):
    peer = await service()
    peer.send(head("POST", "/count", SERVICE, "Transfer-Encoding: chunked|"), b"3\r\nabcd\r\n")
    await peer.expect_end()
    peer.close()
    return 1


@scenario(3)
async def other_protocol(dice):
    peer = await web()
    peer.send("", dice.choice([
        b"SSH-2.0-x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00\x01\x02", b"\x15\x03\x03\x00"]))
    await peer.expect_end()
    peer.close()
    return 1


# MARK: TLS, relayed unseen

def tls_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


TLS = tls_context()


@scenario(5)
async def tls_allowed(dice):
    peer = await web(port=443, tls=TLS, name=API)
    for index in range(dice.randint(1, 3)):
        peer.send(head("GET", f"/{index}", API))
        await peer.expect_answer(200, f"GET https {API} /{index}".encode())
    if dice.random() < 0.3:
        peer.reset()
    else:
        peer.close()
    return 1


@scenario(3)
async def tls_denied(dice):
    try:
        peer = await web(port=443, tls=TLS, name=BLOCKED)
    except ssl.SSLError as error:
        expect("ALERT" in str(error), str(error))
        return 1
    peer.close()
    raise Unexpected("a handshake with a name that is not allowed")


@scenario(2)
async def tls_broken(dice):
    peer = await web(port=443)
    if dice.random() < 0.5:
        peer.send("", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60))
        peer.reset() if dice.random() < 0.5 else peer.close()
    else:
        peer.send("", b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00")
        await peer.expect_end()
        peer.close()
    return 1


# MARK: Relays

@scenario(4)
async def websocket(dice):
    peer = await service()
    peer.send(head("GET", "/websocket", SERVICE, "Connection: Upgrade|Upgrade: websocket|"))
    status, _ = await peer.head()
    expect(status == 101, f"{status}, not 101")
    for _ in range(dice.randint(1, 5)):
        data = dice.randbytes(dice.randint(1, 20000))
        peer.send("", data)
        expect(await peer.reader.readexactly(len(data)) == data, "another echo")
    end = dice.random()
    if end < 0.3:
        peer.reset()
        return 1
    if end < 0.7:
        peer.writer.write_eof()
        await peer.expect_end()
    peer.close()
    return 1


@scenario(4)
async def by_address(dice):
    peer = await Peer.open(RAW, 7000)
    data = dice.randbytes(dice.randint(1, 100000))
    peer.send("", data)
    expect(await peer.reader.readexactly(len(data)) == data, "another echo")
    if dice.random() < 0.5:
        peer.writer.write_eof()
        await peer.expect_end()
    peer.close()
    return 1


# MARK: Clients that misbehave

@scenario(3)
async def reset_amid_request(dice):
    peer = await service()
    peer.send(head("POST", "/count", SERVICE, "Content-Length: 1000000|"),
              bytes(dice.randint(0, 200000)))
    if dice.random() < 0.5:
        peer.reset()
    else:
        peer.close()
    return 1


@scenario(3)
async def reset_amid_answer(dice):
    peer = await service()
    peer.send(head("GET", "/bytes/3000000", SERVICE))
    await peer.reader.readexactly(dice.randint(1, 30000))
    peer.reset()
    return 1


@scenario(3)
async def half_closed(dice):
    peer = await service()
    peer.send(head("GET", "/bytes/30000", SERVICE))
    peer.writer.write_eof()
    status, body = await peer.answer()
    expect(status == 200 and len(body) == 30000, f"{status}, {len(body)} bytes")
    await peer.expect_end()
    peer.close()
    return 1


@scenario(2)
async def slow_head(dice):
    peer = await web()
    text = head("GET", "/slow", API)
    for index in range(0, len(text), 9):
        peer.send(text[index:index + 9])
        await pause(0.02)
    await peer.expect_answer(200, f"GET http {API} /slow".encode())
    peer.close()
    return 1


@scenario(1)
async def stalled_head(dice):
    peer = await web()
    peer.send("GET / HTTP/1.1|Host: ap")
    await peer.expect_answer(408)
    await peer.expect_end()
    peer.close()
    return 1


@scenario(2)
async def head_cut_short(dice):
    peer = await web()
    peer.send("GET / HTTP/1.1|Host: ap")
    if dice.random() < 0.5:
        peer.reset()
    else:
        peer.close()
    return 0, 1


@scenario(2)
async def nothing_said(dice):
    peer = await web()
    if dice.random() < 0.5:
        peer.reset()
    else:
        peer.close()
    return 0, 1


# MARK: Servers that misbehave

@scenario(3)
async def upstream_fails(dice):
    peer = await service()
    peer.send(head("GET", dice.choice(["/silent", "/reset", "/switch"]), SERVICE))
    await peer.expect_answer(502)
    peer.close()
    return 1


@scenario(3)
async def answer_cut_short(dice):
    peer = await service()
    size = dice.randint(2, 200_000)
    peer.send(head("GET", f"/{dice.choice(['half', 'half-reset'])}/{size}", SERVICE))
    try:
        await peer.answer()
        raise Unexpected("a whole answer of half of one")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    peer.close()
    return 1


@scenario(2)
async def early_answer(dice):
    peer = await service()
    size = dice.choice([10, 1_000_000])
    peer.send(head("POST", "/early", SERVICE, f"Content-Length: {size}|"))
    await peer.upload(size)
    await peer.expect_end()
    peer.close()
    return 1


@scenario(3)
async def closed_between(dice):
    peer = await service()
    for _ in range(2):
        peer.send(head("GET", "/last", SERVICE))
        await peer.expect_answer(200, b"0")
    peer.close()
    return 2


@scenario(2)
async def refused_connection(dice):
    peer = await Peer.open(RAW, 81)
    peer.send(head("GET", "/", f"{SERVICE}:81"))
    await peer.expect_answer(502)
    peer.close()
    return 1


@scenario(0.3)
async def unanswered_connection(dice):
    peer = await Peer.open(NOBODY, 80)
    peer.send(head("GET", "/", SERVICE))
    status, _ = await peer.answer()
    expect(status in (502, 504), f"{status}")
    peer.close()
    return 1


# MARK: Playing them

async def pause(seconds):
    """Part of the traffic's shape, not a wait for anything."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    await done.wait()


async def main(options):
    loop = asyncio.get_running_loop()
    dice = random.Random(options.seed)
    played = collections.Counter()
    unexpected = {}
    records = [0, 0]
    room = asyncio.Semaphore(200)
    running = set()

    async def play(function, seed):
        try:
            left = await asyncio.wait_for(function(random.Random(seed)), PATIENCE)
        except Exception as error:
            found = unexpected.setdefault(function.__name__, [0, f"seed {seed}: {error!r}"])
            found[0] += 1
            left = 0, 20
        least, most = left if isinstance(left, tuple) else (left, left)
        records[0] += least
        records[1] += most
        played[function.__name__] += 1
        room.release()

    functions, weights = zip(*scenarios)
    begin = loop.time()
    started = 0
    while loop.time() - begin < options.seconds:
        await room.acquire()
        function = dice.choices(functions, weights)[0]
        task = asyncio.create_task(play(function, dice.getrandbits(32)))
        running.add(task)
        task.add_done_callback(running.discard)
        started += 1
        await pause(max(0, begin + started / options.rate - loop.time()))
    await asyncio.gather(*running)
    print(json.dumps({
        "connections": open_count, "fewest": records[0], "most": records[1], "played": played,
        "unexpected": unexpected}), flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--seed", type=int, required=True)
asyncio.run(main(parser.parse_args()))
