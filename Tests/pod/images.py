"""The images: the pair's, which `make images` builds, and the workload's, which is made here.

The workload's has what an attacker would bring: curl, Python, nft, unshare, and a Python that is owned
by the sidecar's uid and setuid. It is made of the files of Debian packages on this machine.
"""

import hashlib
import io
import os
import pathlib
import re
import subprocess
import tarfile

import manifest
from stage import Unable, sh

PACKAGES = ["python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "curl",
            "busybox-static", "nftables"]
SINGLE = ["/usr/bin/unshare"]
NAME = "localhost/portarium-pod-test-workload"
SETUID = "/usr/local/bin/python-of-1337"
PYTHON = "/usr/bin/python3.11"


def check_pair(podman):
    """Makes sure that the images are there which the manifests name."""
    spec = manifest.pod_spec("sidecar/native/pod.yaml", "Pod")
    for name in [one["image"] for one in spec["initContainers"]]:
        if podman("image", "exists", name, check=False).returncode:
            raise Unable(f"there is no image {name}; `make images` builds it")


def workload(podman):
    """The name of the workload's image, which is made where there is none of these files yet."""
    files = [path for path in sh("dpkg", "-L", *PACKAGES).stdout.splitlines() + SINGLE
             if os.path.isfile(path) and not path.startswith("/usr/share/")]
    everything = sorted(set(files) | libraries(files))
    described = "".join(f"{path} {os.stat(path).st_mtime_ns}\n" for path in everything)
    tag = hashlib.sha256((described + pathlib.Path(__file__).read_text()).encode()).hexdigest()[:12]
    name = f"{NAME}:{tag}"
    if podman("image", "exists", name, check=False).returncode == 0:
        return name
    importing = subprocess.Popen(
        podman.command("import", "--quiet", "--change", 'CMD ["/bin/busybox","tail","-f","/dev/null"]',
                       "-", name),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=podman.env)
    with tarfile.open(fileobj=importing.stdin, mode="w|") as tar:
        for path in everything:
            tar.add(os.path.realpath(path), arcname=path)
        add_setuid(tar)
        add_text(tar, "/etc/passwd", "root:x:0:0::/:\nworkload:x:1000:1000::/:\nsidecar:x:1337:1337::/:\n")
        add_text(tar, "/etc/group", "root:x:0:\nworkload:x:1000:\nsidecar:x:1337:\n")
    importing.stdin.close()
    said = importing.stdout.read().decode()
    if importing.wait():
        raise Unable(f"podman import: {said}")
    return name


def libraries(files):
    """The shared libraries that these programs are linked with."""
    programs = [path for path in files if open(path, "rb").read(4) == b"\x7fELF"]
    said = sh("ldd", *programs, check=False).stdout
    return set(re.findall(r"(/\S+) \(0x", said))


def add_setuid(tar):
    member = tar.gettarinfo(os.path.realpath(PYTHON), SETUID)
    member.uid = member.gid = 1337
    member.mode = 0o4755
    with open(PYTHON, "rb") as program:
        tar.addfile(member, program)


def add_text(tar, path, text):
    member = tarfile.TarInfo(path)
    member.size = len(text)
    tar.addfile(member, io.BytesIO(text.encode()))
