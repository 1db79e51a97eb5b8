#!/usr/bin/env python3
"""Says which private keys are in a process's memory: keys_in_memory.py PID KEY-FILE…

Looks for the scalar of each P-256 key as OpenSSL computes with it (least significant byte first) and as
files have it (most significant first), and for the files' own text. Prints one line of JSON: a list with
true or false for each file. Needs root.
"""

import base64
import json
import re
import sys

from cryptography.hazmat.primitives.serialization import load_pem_private_key


def forms(path):
    text = open(path, "rb").read()
    scalar = load_pem_private_key(text, None).private_numbers().private_value.to_bytes(32, "big")
    body = re.search(rb"-----\n(.*?)\n-----", text, re.DOTALL).group(1)
    # The first line is the same for every key of a curve.
    return [scalar, scalar[::-1], body.split(b"\n")[1], base64.b64decode(body)[40:60]]


def memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except OSError:
                pass  # vvar and the like


parts = list(memory(sys.argv[1]))
print(json.dumps([any(form in part for form in forms(path) for part in parts)
                  for path in sys.argv[2:]]))
