"""What a process has used: processor time to the nanosecond, and memory."""

import os
import pathlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Of all threads of one process so far, ended threads not included."""

    threads: dict  # thread id → nanoseconds on a processor, and ready while another had it

    def since(self, earlier):
        nothing = (0, 0)
        spent = [(ran - earlier.threads.get(thread, nothing)[0],
                  waited - earlier.threads.get(thread, nothing)[1])
                 for thread, (ran, waited) in self.threads.items()]
        return Spent(sum(ran for ran, _ in spent), sum(max(spent)))


@dataclass(frozen=True)
class Spent:
    """What a process used in an interval, by the scheduler's own account."""

    cpu: int  # nanoseconds on a processor, all threads
    wanted: int  # nanoseconds that the busiest thread ran or was ready to


def usage(pid):
    threads = {}
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        ran, waited, _ = map(int, path.read_text().split())
        threads[path.parent.name] = (ran, waited)
    return Usage(threads)


def by_name(pid):
    """Nanoseconds on a processor by the threads' names."""
    spent = {}
    for path in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (path / "comm").read_text().strip()
        ran = int((path / "schedstat").read_text().split()[0])
        spent[name] = spent.get(name, 0) + ran
    return spent


def resident(pid):
    """Bytes in memory: (all, of these not backed by a file)."""
    sizes = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "RssAnon"):
            sizes[name] = int(value.split()[0]) * 1024
    return sizes["VmRSS"], sizes["RssAnon"]


def model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def count():
    return len(os.sched_getaffinity(0))
