#!/usr/bin/env python3
"""Requests one after the other, each over a connection of its own, until SIGTERM.

    load.py ADDRESS HOST

Prints each outcome that differs from the one before (a status, or an error's name), and at the end
one line of JSON: how often each came.
"""

import collections
import errno
import http.client
import json
import signal
import sys

address, host = sys.argv[1:]
outcomes = collections.Counter()
going = True


def stop(*_):
    global going
    going = False


def request():
    connection = http.client.HTTPConnection(address, 80, timeout=5)
    try:
        connection.request("GET", "/", headers={"host": host})
        return str(connection.getresponse().status)
    except TimeoutError:
        return "silent"
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    except http.client.HTTPException as error:
        return type(error).__name__
    finally:
        connection.close()


signal.signal(signal.SIGTERM, stop)
last = None
while going:
    outcome = request()
    outcomes[outcome] += 1
    if outcome != last:
        print(outcome, flush=True)
    last = outcome
print(json.dumps(outcomes), flush=True)
