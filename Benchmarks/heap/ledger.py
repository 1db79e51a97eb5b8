"""What a program asked of the allocator, as CAllocations/ledger.h lays it out, while it runs."""

import mmap
import pathlib
import re
import shutil
import struct
import subprocess
from dataclasses import dataclass

THREADS, STACKS, FRAMES = 64, 512, 27
HEADER = struct.Struct("=2Q")
THREAD = struct.Struct("=4Q")
STACK = struct.Struct(f"={4 + FRAMES}Q")
SIZE = HEADER.size + THREADS * THREAD.size + STACKS * STACK.size
HERE = pathlib.Path(__file__).resolve().parent


@dataclass
class Count:
    allocations: int = 0
    bytes: int = 0  # asked for
    releases: int = 0

    def __sub__(self, earlier):
        return Count(self.allocations - earlier.allocations, self.bytes - earlier.bytes,
                     self.releases - earlier.releases)

    def __add__(self, other):
        return Count(self.allocations + other.allocations, self.bytes + other.bytes,
                     self.releases + other.releases)


def build(directory):
    """The counter as a library that can be preloaded."""
    library = directory / "allocations.so"
    source = HERE.parent / "CAllocations"
    subprocess.run(["cc", "-O2", "-fPIC", "-shared", f"-I{source}/include", "-o", library,
                    source / "allocations.c"], check=True)
    return library


class Ledger:
    """The counts of one program, which has to be started with `environment`."""

    def __init__(self, directory, library):
        path = directory / "allocations"
        path.write_bytes(bytes(SIZE))
        path.chmod(0o666)
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)
        self.environment = [f"LD_PRELOAD={library}", f"PORTARIUM_ALLOCATIONS={path}"]

    def by_thread(self, pid):
        """Counts by the names of the threads; those that have ended are `ended`."""
        counts = {}
        for row in range(THREADS):
            thread, allocations, size, releases = THREAD.unpack_from(
                self.memory, HEADER.size + row * THREAD.size)
            if thread == 0:
                continue
            try:
                name = pathlib.Path(f"/proc/{pid}/task/{thread}/comm").read_text().strip()
            except FileNotFoundError:
                name = "ended"
            counts[name] = counts.get(name, Count()) + Count(allocations, size, releases)
        return counts

    def keep_stacks(self):
        """From here on who allocates is kept too; what was kept before is forgotten."""
        start = HEADER.size + THREADS * THREAD.size
        self.memory[start:SIZE] = bytes(SIZE - start)
        HEADER.pack_into(self.memory, 0, 1, 0)

    def leave_stacks(self):
        struct.pack_into("=Q", self.memory, 0, 0)

    def stacks(self):
        """(thread, allocations, bytes, return addresses) for each place, the most frequent first."""
        count = HEADER.unpack_from(self.memory, 0)[1]
        found = []
        for row in range(count):
            thread, allocations, size, depth, *frames = STACK.unpack_from(
                self.memory, HEADER.size + THREADS * THREAD.size + row * STACK.size)
            found.append((thread, allocations, size, frames[:depth]))
        return sorted(found, key=lambda stack: -stack[1])


class Symbols:
    """Names for the addresses of a running program, which is a copy of `program`."""

    def __init__(self, pid, program):
        self.regions, bases = [], {}
        copy = str(pathlib.Path(f"/proc/{pid}/exe").readlink())
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, _, offset, _, _, *path = line.split(maxsplit=5)
            if not path or not path[0].startswith("/"):
                continue
            start, end = (int(bound, 16) for bound in span.split("-"))
            base = bases.setdefault(path[0], start - int(offset, 16))
            self.regions.append((start, end, base, program if path[0] == copy else path[0]))
        self.known = {}

    def frames(self, addresses):
        """One text a frame, what was inlined there first."""
        texts = []
        for address in addresses:
            if address not in self.known:
                self.known[address] = self.name(address - 1)
            texts += self.known[address]
        return texts

    def name(self, address):
        for start, end, base, path in self.regions:
            if start <= address < end:
                break
        else:
            return [hex(address)]
        said = subprocess.run(["addr2line", "-e", path, "-f", "-i", hex(address - base)],
                              capture_output=True, text=True).stdout.splitlines()
        names = demangled(said[0::2])
        places = [re.sub(r"^.*/(?=[^/]*$)| \(discriminator \d+\)", "", place)
                  for place in said[1::2]]
        return [f"{name}  {place}" if "?" not in place else name
                for name, place in zip(names, places)] or [pathlib.Path(path).name]


def demangled(names):
    program = shutil.which("swift-demangle")
    if not program or not names:
        return names
    return subprocess.run([program, "--simplified", "--compact"], input="\n".join(names),
                          capture_output=True, text=True).stdout.splitlines()
