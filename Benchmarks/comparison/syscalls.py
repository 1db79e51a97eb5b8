"""System calls that a proxy makes for a unit of work, in turns of their own: to count them costs it time."""

import shutil
import signal
import subprocess
import time

from comparison.stage import Unable


def per_unit(stage, contender, load, seconds):
    if not shutil.which("perf"):
        raise Unable("perf, which counts system calls, is not there: Debian has it as linux-perf")
    # Not in the load's namespaces: the process is named by its id.
    counter = subprocess.Popen(
        ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(contender.process.pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)  # until it counts; the proxy has nothing to do meanwhile
    try:
        said, _ = load.run(stage, contender, seconds)
    finally:
        counter.send_signal(signal.SIGINT)
        _, counted = counter.communicate(timeout=10)
    try:
        return int(counted.splitlines()[-1].split(",")[0]) / load.units(said)
    except (IndexError, ValueError):
        raise Unable(f"perf: {counted.strip()}") from None
