"""A run's figures as they are kept."""

import datetime
import json
import platform
import subprocess
import tempfile

from comparison import envoy, processor
from comparison.stage import HERE, sh


def new(everyone, arguments):
    return heading(arguments) | {
        "versions": own_versions() | peers_versions(),
        "contenders": {contender.name: contender.says for contender in everyone},
        "starts": {}, "idle": {}, "latency": [], "loads": {},
    }


def heading(arguments):
    """When and on what a run was held."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
        "machine": f"{processor.count()} × {processor.model()}, Linux {platform.release()}",
        "versions": own_versions(),
        "note": arguments.note, "rounds": arguments.rounds, "seconds": arguments.seconds,
    }


def own_versions():
    commit = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr
    return {"portarium": commit or "unknown", "nginx": said.strip().rpartition("/")[2]}


def peers_versions():
    return {"Envoy": envoy.VERSION, "HAProxy": sh("haproxy", "-v").split()[2].split("-")[0]}


def decisions():
    """What decisions take, by the number of rules: Benchmarks/decide's rows."""
    with tempfile.NamedTemporaryFile() as rows:
        sh(HERE.parent / "decide", "--json", rows.name, 10, 100, 1000, 10_000, 100_000)
        return json.loads(rows.read())


def write(results, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}"
             for name, part in results.items()]  # a line each: there are thousands of figures
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def read(path):
    return json.loads(path.read_text())
