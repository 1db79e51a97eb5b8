"""What happens when parts of a pod start, die, come back, or change."""

import contextlib
import json

from kubelet import NotStarted
from network import EVIL
from scene import DOCUMENT, protected, scene
from stage import until
from suite import Suite, expect

WRONG = DOCUMENT.replace("ports:", "prots:")
order = Suite("A pod that starts", contextlib.nullcontext)
life = Suite("A sidecar that dies and comes back", protected())
changes = Suite("A ConfigMap that changes", protected())


@order.case("Where init is given a wrong document it ends with 2, says where, and nothing starts behind it")
def _(stage):
    for flavour in ("classic", "native"):
        with scene(stage, start=False, flavour=flavour, document=WRONG) as it:
            with it.nothing_escapes():
                failed = not_started(it)
                expect("init", (failed.name, failed.status), ("portarium-init", 2))
                expect("its words", failed.said, lambda said: 'did you mean "ports"?' in said)
                expect("containers that were made", it.pod.names(), ["portarium-init"])


@order.case("Where init has no NET_ADMIN it ends with 3, and nothing starts behind it")
def _(stage):
    with scene(stage, start=False) as it:
        it.container("portarium-init")["securityContext"]["capabilities"] = {"drop": ["ALL"]}
        failed = not_started(it)
        expect("init", (failed.name, failed.status), ("portarium-init", 3))
        expect("its words", failed.said, lambda said: "CAP_NET_ADMIN" in said)
        expect("containers that were made", it.pod.names(), ["portarium-init"])


def not_started(it):
    try:
        it.pod.start()
    except NotStarted as failed:
        return failed
    return NotStarted("nobody", 0, "everything started")


@order.case("Between init and the sidecar the workload is refused at once")
def _(stage):
    with scene(stage, start=False) as it:
        it.pod.run_to_end(it.container("portarium-init"))
        it.pod.run(it.container("workload"))
        with it.nothing_escapes():
            refused_at_once(it)


def refused_at_once(it):
    for option in ("-4", "-6"):
        status, _, complaint = it.curl(option, "http://api.example.com/")
        expect(f"curl {option}", (status, complaint), lambda it: it[0] == 7 and "refused" in it[1].lower()
               or it[0] == 7 and "Couldn't connect" in it[1])
    it.expect_each([f"tcp {address} 443" for address in EVIL], "error ECONNREFUSED")
    it.expect_each([f"udp {address} 443" for address in EVIL], "error EPERM")


@order.case("Behind a native sidecar the workload's own init containers reach what is allowed, and no more")
def _(stage):
    with scene(stage, start=False, flavour="native") as it:
        fetch = {**it.container("workload"), "name": "fetch", "command": [
            "/usr/bin/curl", "-sS", "--max-time", "10", "-w", "%{http_code} ",
            "http://api.example.com/", "http://exfil.example.net/"]}
        it.spec["initContainers"].append(fetch)
        it.pod.start()
        said = it.pod.log("fetch")
        expect("what it was answered", said, lambda said: "200 " in said and "403 " in said)


@order.case("The workload's first connection in a classic pod finds the sidecar listening, by its postStart hook")
def _(stage):
    with scene(stage, start=False, flavour="classic") as it:
        first = it.container("workload")
        first["command"] = ["/usr/bin/curl", "-sS", "--max-time", "10", "http://api.example.com/first"]
        it.pod.start()
        until("curl has ended", lambda: it.pod.state("workload") == "exited")
        expect("its answer", it.pod.log("workload"), "GET /first at api.example.com over http\n")


@life.case("Killed in the middle of a download: the download breaks, and nothing is sent another way")
def _(it):
    it.world.file("endless", 4 << 30)
    url = "http://files.example.com/files/endless"
    download = it.pod.begin("workload", "/usr/bin/curl", "-sS", "--max-time", "60", "-o", "/dev/null", url)
    until("the download runs", lambda: it.bytes_received() > 1 << 20)
    it.pod.kill("portarium-sidecar")
    expect("curl", download.wait(10), lambda status: status in (18, 56))


@life.case("While it is down the workload is refused at once; resolvers still answer it")
def _(it):
    with it.nothing_escapes():
        refused_at_once(it)
    said = it.curl("http://api.example.com/")
    expect("curl got an address and no connection", said[0], 7)


@life.case("Started again it serves as before, without init")
def _(it):
    it.pod.run(it.container("portarium-sidecar"))
    it.pod.await_startup(it.container("portarium-sidecar"))
    for option in ("-4", "-6"):
        expect(option, it.curl(option, "http://api.example.com/")[1], 200)
        expect(option, it.curl(option, "http://exfil.example.net/")[1], 403)


@life.case("Init once more, under a download: the rules are new, and the download goes on to its end")
def _(it):
    it.world.file("long", 256 << 20)
    done = it.pod.begin(
        "workload", "/usr/bin/curl", "-sS", "--max-time", "60", "-o", "/dev/null", "--limit-rate", "128M", "-w",
        "%{size_download}", "http://files.example.com/files/long")
    seen = it.bytes_received()
    until("the download runs", lambda: it.bytes_received() > seen + (1 << 20))
    again = {**it.container("portarium-init"), "name": "again"}
    said = it.pod.run_to_end(again)
    expect("init", said, lambda said: "in force" in said)
    output, _ = done.communicate(timeout=60)
    expect("curl", (done.returncode, output), (0, str(256 << 20)))


@life.case("Asked to end, it drains and ends with 0, and the workload is refused")
def _(it):
    it.pod.podman("stop", "-t", "20", it.pod.full_name("portarium-sidecar"))
    said = it.pod.podman("inspect", "-f", "{{.State.ExitCode}}",
                         it.pod.full_name("portarium-sidecar")).stdout
    expect("its exit status", said.strip(), "0")
    with it.nothing_escapes():
        refused_at_once(it)


@changes.case("Another document, swapped in as the kubelet does, is in force within a second")
def _(it):
    expect("before", it.curl("http://late.example.org/")[1], 403)
    it.config.write(config=DOCUMENT.replace("api.example.com", "late.example.org"))
    until("the name is allowed", lambda: it.curl("http://late.example.org/")[1] == 200, 5)
    with it.nothing_escapes():
        expect("the name that was allowed before", it.curl("http://api.example.com/")[1], 403)


@changes.case("A wrong document changes nothing, and /status says so")
def _(it):
    it.config.write(config=WRONG)
    status = until("an error in /status", lambda: json.loads(
        it.curl("http://127.0.0.1:15000/status")[2]).get("lastReloadError"), 5)
    expect("the error", status["message"], lambda said: "prots" in said)
    expect("the name that the last good one allows", it.curl("http://late.example.org/")[1], 200)
    with it.nothing_escapes():
        expect("the name of the wrong one", it.curl("http://api.example.com/")[1], 403)


@changes.case("A good one behind it is taken again, many times in a row")
def _(it):
    for turn in range(5):
        for name, other in (("api.example.com", "late.example.org"), ("late.example.org", "api.example.com")):
            it.config.write(config=DOCUMENT.replace("api.example.com", name))
            until(f"{name} is allowed", lambda: it.curl(f"http://{name}/")[1] == 200, 5)
            expect(f"{other}, which is not", it.curl(f"http://{other}/")[1], 403)
