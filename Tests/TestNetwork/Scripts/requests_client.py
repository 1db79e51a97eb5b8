"""HTTP requests by python3-requests in one session, which keeps its connections.

    requests_client.py STEP...

Steps, one argument each: `get URL`  `delete URL`  `put FILE URL` (of known length)
`stream FILE URL` (a PUT in chunks). Each prints a line of JSON: {"status", "sha256" (of the body),
"bytes", "reason" (the deny reason's header), "text" (of a short body)} or {"error"}.
"""

import hashlib
import json
import sys

import requests


def pieces(path):
    with open(path, "rb") as file:
        while data := file.read(65536):
            yield data


def perform(session, verb, words):
    url = words[-1]
    if verb == "put":
        with open(words[0], "rb") as file:
            return session.put(url, data=file, timeout=20)
    if verb == "stream":
        return session.put(url, data=pieces(words[0]), timeout=20)
    return session.request(verb.upper(), url, timeout=20)


session = requests.Session()
for step in sys.argv[1:]:
    verb, *words = step.split()
    try:
        answer = perform(session, verb, words)
        body = answer.content
        line = {"status": answer.status_code, "sha256": hashlib.sha256(body).hexdigest(),
                "bytes": len(body), "reason": answer.headers.get("x-portarium-deny-reason", ""),
                "text": body.decode(errors="replace") if len(body) < 4096 else ""}
    except requests.RequestException as error:
        line = {"error": repr(error)}
    print(json.dumps(line), flush=True)
