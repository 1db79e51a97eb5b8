"""What gets through a protected pod, and what doesn't."""

import json

from network import EVIL, POD, RESOLVER, WEB
from scene import protected
from stage import until
from suite import Suite, expect

suite = Suite("A protected pod", protected())

CAPABILITIES = {"portarium-sidecar": 0, "workload": 0}
UIDS = {"portarium-sidecar": "1337", "workload": "1000"}


@suite.case("The containers run with the manifest's uid, no capabilities, no_new_privs and seccomp")
def _(it):
    for name, uid in UIDS.items():
        status = it.pod.status(name)
        expect(f"uids of {name}", set(status["Uid"]), {uid})
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            expect(f"{kind} of {name}", int(status[kind][0], 16), 0)
        expect(f"NoNewPrivs of {name}", status["NoNewPrivs"], ["1"])
        expect(f"Seccomp of {name}", status["Seccomp"], ["2"])


@suite.case("Their root file systems are read-only, and the document's mount is")
def _(it):
    for name, paths in (("portarium-sidecar", ["/", "/etc/portarium"]), ("workload", ["/"])):
        mounts = {line.split()[1]: line.split()[3].split(",")
                  for line in open(f"/proc/{it.pod.pid(name)}/mounts")}
        for path in paths:
            expect(f"{path} of {name}", "ro" in mounts[path], True)


@suite.case("An allowed name is reached over IPv4 and IPv6, by the resolver that init found")
def _(it):
    for option, address in zip(("-4", "-6"), POD):
        it.world.forget()
        seen = it.curl(option, "http://api.example.com/hello")
        expect(f"curl {option}", seen, (0, 200, "GET /hello at api.example.com over http\n"))
        it.world.await_requests(f"http GET api.example.com {address} 200 40")


@suite.case("An allowed name is reached over TLS")
def _(it):
    for option in ("-4", "-6"):
        seen = it.curl(option, "-k", "https://api.example.com/")
        expect(f"curl {option}", seen, (0, 200, "GET / at api.example.com over https\n"))


@suite.case("Another name at the same address is refused, with a sentence over HTTP and an alert over TLS")
def _(it):
    with it.nothing_escapes():
        for option in ("-4", "-6"):
            _, code, body = it.curl(option, "http://exfil.example.net/")
            expect("the answer", (code, json.loads(body)["reason"]), (403, "host-not-allowed"))
            status, _, complaint = it.curl(option, "-k", "https://exfil.example.net/")
            expect("curl's complaint", (status, complaint), lambda it: it[0] == 35 and "alert" in it[1])


@suite.case("An address that no rule names is refused")
def _(it):
    with it.nothing_escapes():
        for address in EVIL:
            expect(address, it.probe(f"tcp {address} 443"), "error ECONNRESET")


@suite.case("Each connection has one audit record on the sidecar's standard output")
def _(it):
    before = len(records(it))
    it.curl("http://api.example.com/one")
    it.curl("http://exfil.example.net/two")
    it.probe(f"tcp {EVIL[0]} 443")
    until("three records", lambda: len(records(it)) == before + 3, 5)
    fresh = sorted((one["policyDecision"], one.get("destinationHost") or one["destinationAddress"])
                   for one in records(it)[before:])
    expect("the records", fresh, [
        ("allow", "api.example.com"), ("deny", EVIL[0]), ("deny", "exfil.example.net")])


def records(it):
    """The audit records so far."""
    lines = [json.loads(line) for line in it.pod.log("portarium-sidecar").splitlines()
             if line.startswith("{")]
    return [line for line in lines if "auditId" in line]


@suite.case("Questions to the resolvers are answered over UDP and TCP, IPv4 and IPv6")
def _(it):
    for address in RESOLVER:
        expect(address, it.probe(f"tcp {address} 53"), lambda said: said.startswith("connected: direct"))
    expect("names by UDP", it.curl("-4", "http://api.example.com/")[1], 200)


@suite.case("The kubelet and Prometheus reach the health port, and nobody outside the proxy's or admin's")
def _(it):
    for address in POD:
        host = f"[{address}]" if ":" in address else address
        for path in ("healthz", "readyz", "metrics"):
            done = it.network.world.run(
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{host}:15021/{path}")
            expect(path, done.stdout, "200")
        for port in (15000, 15001):
            expect(f"port {port}", it.probe(f"tcp {address} {port} --timeout 0.3", "world"), "silent")


@suite.case("The workload's own server is reached from outside, answers, and answers nobody else")
def _(it):
    server = it.network.pod.script(
        "servers.py", "--tcp", "0.0.0.0", "8080", "--tcp", "::", "8080", user=["setpriv",
        "--reuid=1001", "--clear-groups", "--bounding-set=-all"])
    for address in POD:
        expect(address, it.probe(f"tcp {address} 8080", "world"),
               lambda said: said.startswith("connected: direct"))
    server.kill()


@suite.case("Of the admin port the workload is told its own denials, and may change nothing")
def _(it):
    base = "http://127.0.0.1:15000"
    for path in ("/healthz", "/readyz", "/status", "/denials"):
        expect(path, it.curl(base + path)[1], 200)
    for path, method in (("/config", "GET"), ("/metrics", "GET"), ("/drain", "POST"),
                         ("/loglevel?level=debug", "PUT")):
        for host in (base, "http://[::1]:15000"):
            expect(f"{method} {path}", it.curl("-X", method, host + path)[1], 403)
    expect("the sidecar afterwards", it.curl("http://api.example.com/")[1], 200)
    expect("its state", json.loads(it.curl(base + "/status")[2])["state"], "ready")
