"""Who acts in a captured pod, when rules are tried: processes in its network namespace, the workload's uid
without a capability, `raw` with CAP_NET_RAW, the sidecar's uid, a server's uid; and the world and the
router.
"""

import contextlib
import json
import pathlib
import subprocess

from network import NOTHING, POD
from stage import PYTHON, SCRIPTS, die_with_parent, setpriv
from suite import expect

HERE = pathlib.Path(__file__).resolve().parent
USERS = {"workload": setpriv(1000), "raw": setpriv(1000, "net_raw"), "proxy": setpriv(1337),
         "server": setpriv(1001), "root": []}


class Captured:
    """A pod's network with servers of its own. `put` and `take` put the rules in force and take them
    away."""

    def __init__(self, network, put):
        self.network, self.put = network, put
        self.actors = {}
        # Below those that the kernel hands out.
        self.ports = 20100
        pod = network.pod
        # Whoever has CAP_NET_RAW sees which numbers conntrack expects of a segment. Here it expects none.
        pod.sysctl("net.netfilter.nf_conntrack_tcp_be_liberal=1")
        everywhere = [("0.0.0.0", "8080"), ("::", "8080")]
        pod.script("servers.py", *(w for pair in everywhere for w in ("--tcp", *pair)),
                   *(w for address in (*POD, "127.0.0.1", "::1") for w in ("--udp", address, "8080")),
                   user=USERS["server"])
        pod.script("servers.py", "--tcp", "127.0.0.1", "15006", "--tcp", "::1", "15006",
                   user=USERS["proxy"])
        self.link_local = link_local(pod)
        self.router_link_local = link_local(network.router, "pod0")

    def take(self):
        self.network.pod.run("nft", "flush", "ruleset")

    def port(self):
        """A source port that nobody has used yet."""
        self.ports += 1
        return self.ports

    def says(self, words, who="workload", script="probe"):
        (said,) = self.all_say([words], who, script)
        return said

    def all_say(self, attempts, who="workload", script="probe"):
        """What a script says of each attempt; all are made at once, and none waits for long."""
        if script == "probe":
            attempts = [words if "--timeout" in words else f"{words} --timeout 2" for words in attempts]
        if who not in self.actors:
            namespace = {"world": self.network.world, "router": self.network.router}.get(who, self.network.pod)
            self.actors[who] = Actor(namespace, USERS.get(who, []))
        return self.actors[who].play(script, attempts)

    def each(self, attempts, outcome, who="workload", script="probe"):
        for words, said in zip(attempts, self.all_say(attempts, who, script)):
            expect(f"{who}: {words}", said, outcome)

    def begin(self, words, who="workload", script=SCRIPTS / "probe.py"):
        """A probe that goes on."""
        return self.network.pod.start(PYTHON, "-u", script, *words.split(), user=USERS[who])

    @contextlib.contextmanager
    def nothing_escapes(self):
        def ask(words):
            return self.says(words, "proxy")
        before = self.network.wire(ask)
        yield
        expect("what reached the router", self.network.escaped(before, ask), NOTHING)


class Actor:
    """A user in a namespace that runs probes: actor.py."""

    def __init__(self, namespace, user):
        self.process = subprocess.Popen(
            [*namespace.inside(user), PYTHON, "-u", HERE / "actor.py", SCRIPTS], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd="/", start_new_session=True,
            preexec_fn=die_with_parent)
        namespace.started.append(self.process)
        self.process.stdout.readline()

    def play(self, script, attempts):
        for number, words in enumerate(attempts):
            self.process.stdin.write(json.dumps([number, script, words.split()]) + "\n")
        self.process.stdin.flush()
        said = dict(json.loads(self.process.stdout.readline()) for _ in attempts)
        return [said[number] for number in range(len(attempts))]


def link_local(namespace, device="eth0"):
    links = json.loads(namespace.run("ip", "-j", "-6", "addr", "show", "dev", device).stdout)
    return next(one["local"] for link in links for one in link.get("addr_info", [])
                if one["scope"] == "link")
