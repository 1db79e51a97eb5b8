"""What a process has used: processor time to the nanosecond, and memory."""

import pathlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Of all threads of one process, ended threads not included."""

    cpu: int  # nanoseconds on a processor, by the scheduler's own account
    waited: int  # nanoseconds ready to run while another had the processor, the busiest thread's
    busiest: int  # nanoseconds on a processor, the busiest thread's

    def __sub__(self, earlier):
        return Usage(self.cpu - earlier.cpu, self.waited - earlier.waited,
                     self.busiest - earlier.busiest)


def usage(pid):
    threads = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        ran, waited, _ = map(int, path.read_text().split())
        threads.append((ran, waited))
    busiest = max(threads)
    return Usage(sum(ran for ran, _ in threads), busiest[1], busiest[0])


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
