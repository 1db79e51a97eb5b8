"""Package repositories for a web server to serve as files.

    packages.py apt DIRECTORY COUNT         COUNT Debian packages parcel-N, as a flat repository
    packages.py pip DIRECTORY BASE          one wheel, parcel 1.0, as a simple index; BASE is the
                                            URL that the index gives for the wheel's directory

Every package carries 200,000 bytes that don't compress.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

SIZE = 200_000


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def apt(directory, count):
    os.makedirs(directory)
    index = []
    for number in range(int(count)):
        control = (f"Package: parcel-{number}\nVersion: 1.0\nArchitecture: all\n"
                   "Maintainer: Nobody <nobody@example.com>\nDescription: bytes\n")
        name = f"parcel-{number}_1.0_all.deb"
        with tempfile.TemporaryDirectory() as tree:
            os.chmod(tree, 0o755)
            os.makedirs(f"{tree}/DEBIAN")
            with open(f"{tree}/DEBIAN/control", "w") as file:
                file.write(control)
            with open(f"{tree}/content", "wb") as file:
                file.write(os.urandom(SIZE))
            subprocess.run(
                ["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, f"{directory}/{name}"],
                check=True, stdout=subprocess.DEVNULL)
        path = f"{directory}/{name}"
        index.append(f"{control}Filename: ./{name}\nSize: {os.path.getsize(path)}\n"
                     f"SHA256: {digest(path)}\n")
    packages = f"{directory}/Packages"
    with open(packages, "w") as file:
        file.write("\n".join(index))
    with open(f"{directory}/Release", "w") as file:
        file.write("Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
                   f" {digest(packages)} {os.path.getsize(packages)} Packages\n")


def pip(directory, base):
    os.makedirs(f"{directory}/parcel")
    name = "parcel-1.0-py3-none-any.whl"
    path = f"{directory}/{name}"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("parcel/content", os.urandom(SIZE))
        wheel.writestr("parcel-1.0.dist-info/METADATA",
                       "Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n")
        wheel.writestr("parcel-1.0.dist-info/WHEEL",
                       "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("parcel-1.0.dist-info/RECORD", "")
    with open(f"{directory}/parcel/index.html", "w") as file:
        file.write(f'<!DOCTYPE html><a href="{base}/{name}#sha256={digest(path)}">{name}</a>')


verb, *arguments = sys.argv[1:]
{"apt": apt, "pip": pip}[verb](*arguments)
