"""Whether a contender does the work that it is measured by: it knows its peer, admits, denies, says who
it was, records."""

import hashlib
import http.client
import socket
import ssl
import time

from comparison.check import expect
from comparison.stage import BODY, NAME, Unable
from mutual.place import POD_ADDRESS

FORGED = "By=spiffe://cluster.example/x;Hash=00;URI=spiffe://cluster.example/forged"
STARTS = 10  # seconds until it has its identity
REFUSED = 0


def check(stage, contender):
    await_answer(stage, contender)
    time.sleep(0.2)
    contender.lines()  # those of the connections that found it starting
    status, body = ask(stage, contender, "client")
    expect(contender, status == 200 and len(body) == BODY, f"an allowed request: {status} {body}")
    status, body = ask(stage, contender, "client", path="/peer",
                       fields={"X-Forwarded-Client-Cert": FORGED})
    expect(contender, status == 200 and fingerprint(stage) in body and b"forged" not in body,
           f"the workload is not told who the client is, or by the client: {status} {body}")
    status, _ = ask(stage, contender, "client", method="DELETE")
    expect(contender, status == 403, f"another method: {status}")
    status, _ = ask(stage, contender, "stranger")
    expect(contender, status in (REFUSED, 403), f"a trusted client that may not: {status}")
    for name in ("forged", None):
        status, _ = ask(stage, contender, name)
        expect(contender, status == REFUSED, f"a client with {name or 'no'} certificate: {status}")
    if contender.logs:
        # Whom the handshake refuses Envoy leaves without a line.
        lines = contender.lines(expected=3)
        expect(contender, lines >= 3, f"three requests left {lines} lines in the log")


def await_answer(stage, contender):
    deadline = time.monotonic() + STARTS
    while ask(stage, contender, "client")[0] != 200:
        if time.monotonic() > deadline or contender.process.poll() is not None:
            raise Unable(f"{contender.name} answers nobody: {ask(stage, contender, 'client')}"
                         f" {contender.process.said.read_text().strip()}")
        time.sleep(0.1)


def fingerprint(stage):
    """What tells the client's certificate from any other: SHA-256, as x-forwarded-client-cert has it."""
    text = (stage.directory / "client.crt").read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest().encode()


def connect(stage, contender, name):
    """A connection of the client's that has certificate `name`, or none. The pod's must be trusted."""
    context = ssl.create_default_context(cafile=stage.directory / "authority.crt")
    context.check_hostname = False  # it has a SPIFFE ID instead
    context.set_alpn_protocols(["http/1.1"])
    if name:
        context.load_cert_chain(stage.directory / f"{name}.crt", stage.directory / f"{name}.key")
    with stage.inside(stage.clients):
        connection = socket.create_connection((POD_ADDRESS, contender.web), timeout=5)
    return context.wrap_socket(connection)


def ask(stage, contender, name, method="GET", path="/", fields=None):
    """One request: its status and body, or `REFUSED` and why."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}",
             *(f"{key}: {value}" for key, value in (fields or {}).items()), "", ""]
    try:
        with connect(stage, contender, name) as connection:
            connection.sendall("\r\n".join(lines).encode())
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return REFUSED, repr(error).encode()
