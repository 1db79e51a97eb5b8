#!/usr/bin/env python3
"""Counts audit records from a named pipe, so that hours of them need no room.

    soak_tally.py PIPE

At the end of the pipe prints {"records": N, "allow": N, "deny": N, "broken": lines that are no
record, "outcomes": {protocol/outcome or reason: N}}.
"""

import collections
import json
import sys

counts = collections.Counter()
outcomes = collections.Counter()
with open(sys.argv[1], encoding="utf-8") as pipe:
    for line in pipe:
        try:
            record = json.loads(line)
            counts["records"] += 1
            counts[record["policyDecision"]] += 1
            why = record.get("policyReason") if record["policyDecision"] == "deny" else None
            outcomes[f"{record.get('protocol')}/{why or record.get('outcome')}"] += 1
        except (ValueError, KeyError):
            counts["broken"] += 1
keys = ("records", "allow", "deny", "broken")
print(json.dumps({**{key: counts[key] for key in keys}, "outcomes": outcomes}), flush=True)
