"""What a workload tries to get out by. Each attack runs twice: as the example's manifest has it, and
with seccomp off, so that it is the rules that stop it and not the profile before them."""

import images
from network import EVIL, RESOLVER, ROUTER
from scene import protected
from suite import Suite, expect

PROXY_UID = 1337
# Where a program waits in vain it shall not wait long.
SHORT = "--timeout 0.3"


def failed(said):
    return said.startswith("error ")


def stopped(said):
    return said == "silent" or failed(said)


SOCKETS = [
    ("UDP and QUIC", [f"udp {address} {port}" for address in EVIL for port in (53, 443)],
     "error EPERM"),
    ("UDP-Lite", [f"udp {address} 443 --protocol udplite" for address in EVIL], failed),
    ("pings", [f"ping {address} {SHORT}" for address in EVIL], stopped),
    ("SCTP", [f"tcp {address} 443 --protocol sctp" for address in EVIL], failed),
    ("TCP", [f"tcp {address} {port}" for address in EVIL for port in (443, 7000)],
     "error ECONNRESET"),
    ("Multipath TCP", [f"tcp {address} 443 --protocol mptcp" for address in EVIL],
     "error ECONNRESET"),
    ("TCP fast open", [f"tcp {address} 443 --fast-open" for address in EVIL], "error ECONNRESET"),
    ("IPv4 by an IPv6 socket", [f"tcp {EVIL[0]} 443 --mapped", f"udp {EVIL[0]} 443 --mapped"],
     failed),
    ("a second resolver, over UDP and TCP",
     [f"{kind} {address} 53" for kind in ("udp", "tcp") for address in EVIL], failed),
    ("another port of the resolvers", [f"udp {address} 54" for address in RESOLVER], "error EPERM"),
    ("a packet mark", [f"tcp {EVIL[0]} 443 --mark {mark}" for mark in ("0x1000", "0x2000")],
     "error EPERM"),
    ("multicast and broadcast",
     ["udp 224.0.0.251 5353", "udp ff02::fb%eth0 5353", "udp 255.255.255.255 443 --broadcast",
      "udp 10.77.1.255 443 --broadcast"], "error EPERM"),
    ("a socket bound to a device",
     [f"{kind} {address} 443 --device {device} {SHORT}" for kind in ("tcp", "udp")
      for address in EVIL for device in ("eth0", "lo")], stopped),
    ("an address of somebody else's",
     [f"{kind} {to} {port} --freebind --source {EVIL[1]} --source-port 4433 {SHORT}"
      for kind, port in (("udp", 53), ("tcp", 443)) for to in (RESOLVER[1], EVIL[1])], stopped),
    ("source routes and routing headers",
     [f"udp {RESOLVER[1]} 53 --route-via {EVIL[1]}",
      f"udp {EVIL[0]} 53 --options 8307040a4d023500",
      f"udp {EVIL[0]} 53 --options 8907040a4d023500"], failed),
    ("the router itself", [f"udp {address} 443" for address in ROUTER], "error EPERM"),
]


def suites():
    yield suite("A workload that attacks, as the manifest has it", protected(), confined=True)
    yield suite("A workload that attacks, without seccomp",
                protected(seccompProfile={"type": "Unconfined"}), confined=False)


def suite(title, scene, confined):
    made = Suite(title, scene)

    @made.case("Seccomp is " + ("on" if confined else "off"))
    def _(it):
        expect("seccomp", it.pod.status("workload")["Seccomp"], ["2" if confined else "0"])

    for what, attempts, outcome in SOCKETS:
        @made.case(f"Nothing gets out by {what}")
        def _(it, attempts=attempts, outcome=outcome):
            with it.nothing_escapes():
                it.expect_each(attempts, outcome)

    @made.case("Raw sockets and packet sockets can't be made")
    def _(it):
        attempts = [f"send eth0 {it.network.mac} {EVIL[0]} --how {how}"
                    for how in ("raw", "dgram", "bypass", "ring")]
        attempts += [f"protocol {EVIL[0]} {number}" for number in (1, 4, 41, 47, 50, 132, 255)]
        with it.nothing_escapes():
            for attempt, said in zip(attempts, it.scripts("frames.py", attempts)):
                expect(attempt, said, "error EPERM")

    @made.case("It can't become the sidecar's uid")
    def _(it):
        expect("setresuid", it.scripts("attack.py", [f"become {PROXY_UID}"]), ["error EPERM"])

    @made.case("A setuid file of the sidecar's uid gives it nothing")
    def _(it):
        said = it.scripts("attack.py", ["ids"], program=images.SETUID)
        expect("who runs", said, ["uid 1000 1000"])
        with it.nothing_escapes():
            it.expect_each([f"tcp {address} 443" for address in EVIL], "error ECONNRESET",
                           program=images.SETUID)

    @made.case("In a user namespace it is 1337 or root, and outside of it still itself")
    def _(it):
        with it.nothing_escapes():
            for uid in (PROXY_UID, 0):
                before = ["/usr/bin/unshare", "--user", f"--map-user={uid}"]
                it.expect_each([f"tcp {address} 443" for address in EVIL],
                               unless_denied(confined, "error ECONNRESET"), before=before)
                it.expect_each([f"udp {address} 443" for address in EVIL],
                               unless_denied(confined, "error EPERM"), before=before)

    @made.case("A network namespace of its own leads nowhere")
    def _(it):
        with it.nothing_escapes():
            it.expect_each(
                [f"tcp {address} 443" for address in EVIL],
                unless_denied(confined, "error ENETUNREACH", "error EADDRNOTAVAIL"),
                before=["/usr/bin/unshare", "--user", "--map-root-user", "--net"])

    @made.case("It can't delete the rules, nor as root of a user namespace")
    def _(it):
        rules = it.network.pod.run("nft", "-s", "list", "ruleset").stdout
        for before in ([], ["/usr/bin/unshare", "--user", "--map-root-user"]):
            for words in (["flush", "ruleset"], ["delete", "table", "inet", "portarium"]):
                done = it.pod.exec("workload", *before, "/usr/sbin/nft", *words)
                expect(" ".join(words), (done.returncode, done.stderr),
                       lambda it: it[0] != 0 and "Operation not permitted" in it[1])
        expect("the rules", it.network.pod.run("nft", "-s", "list", "ruleset").stdout, rules)

    if not confined:
        @made.case("What is documented: AF_VSOCK isn't IP, and nothing but seccomp denies it")
        def _(it):
            expect("vsock", it.scripts("attack.py", ["vsock"]), ["made"])

    return made


def unless_denied(confined, *outcomes):
    """Some runtimes' profiles let nobody without a capability make a namespace; podman's does."""
    return lambda said: said in outcomes or (confined and "Operation not permitted" in said)
