"""The figures of a run, line by line, and what is promised of them."""

from comparison.claims import Claim, Promises
from comparison.figures import bulk_says, of_costs, of_idle
from comparison.report import table

WAYS = [(way, streams) for way in ("down", "up") for streams in (1, 8)]
LOADS = {"handshake": ("A handshake", "CPU µs/handshake"),
         "connection": ("A new connection with one request", "CPU µs/connection"),
         "request": ("A request on a kept connection", "CPU µs/request")}

# BoringSSL's handshake is not OpenSSL's: what it costs is of interest, and promised by nobody. The
# others are level where both do little but call the library.
PROMISES = Promises({
    "handshake": (None, 1.0),
    "connection": (None, 1.0),
    "request": (1.0, 1.0),
    **{f"bulk-mtls-{way}-{streams}": (1.0, 1.0) for way, streams in WAYS},
    "idle-mtls": (1.0, 1.0),
}, {
    "a request costs at most a tenth more than with the other build": [
        Claim("request", 1.10, "against")],
})


def lines(results):
    """Every line that was measured, by its key."""
    found = list(of_idle(results["idle"]))
    for name, runs in results["loads"].items():
        if name.startswith("bulk-"):
            found.append(of_costs(name, bulk_says(name), "CPU-s/GB", runs, digits=3))
        else:
            found.append(of_costs(name, *LOADS[name], runs))
    return {line.key: line for line in found}


def of_syscalls(results, found):
    """A table: for each load, what each contender asks of the kernel."""
    names = [name for name in results["contenders"]
             if any(name in counted for counted in results["syscalls"].values())]
    rows = [[f"{found[key].says} ({found[key].unit.rpartition('/')[2]})",
             *(f"{counted[name]:,.1f}" if name in counted else "" for name in names)]
            for key, counted in results["syscalls"].items()]
    return table(["System calls", *(results["contenders"][name] for name in names)], rows)
