#!/usr/bin/env python3
"""Runs probes in the place and as the user that it was started as, many at once, and without a new
interpreter for each.

Reads lines of JSON, [NUMBER, SCRIPT, [WORD…]], and writes one for each once the script's main() has
ended: [NUMBER, the last line it printed]. Scripts lie beside this file or where the first argument says.
"""

import importlib
import io
import json
import os
import pathlib
import signal
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), sys.argv[1]]
SCRIPTS = {name: importlib.import_module(name) for name in ("probe", "frames", "attack")}
signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def play(number, script, words):
    sys.argv = [script, *words]
    sys.stdout = io.StringIO()
    try:
        SCRIPTS[script].main()
    except BaseException as error:
        print(repr(error))
    lines = sys.stdout.getvalue().splitlines() or [""]
    # One write, so that no other's line is torn by it.
    os.write(1, (json.dumps([number, lines[-1]]) + "\n").encode())
    os._exit(0)


os.write(1, b"ready\n")
for line in sys.stdin:
    if os.fork() == 0:
        play(*json.loads(line))
