"""What clients with certificates ask of a proxy for a while."""

from comparison.load import FIELDS, Load, drive
from comparison.stage import NAME
from comparison.stage import Unable
from mutual.place import POD_ADDRESS

AT_ONCE = 32  # connections being made


class Requests(Load):
    """`handshakes`: connections without a request. `new`: each with one. `kept`: requests over
    connections that stay."""

    def __init__(self, kind, connections=AT_ONCE):
        self.kind, self.connections = kind, connections
        self.unit = {"handshakes": "handshake", "new": "connection", "kept": "request"}[kind]
        # A connection without a request is none to Envoy's log.
        self.logged = kind != "handshakes"

    def target(self, contender):
        return contender

    def drive(self, stage, contender, seconds):
        asks = [] if self.kind == "handshakes" else [request(stage)]
        said = drive(stage, seconds, stage.generator("requests"), POD_ADDRESS, contender.web,
                     stage.directory / "client", self.kind, self.connections, seconds, *asks)
        if said["tickets"]:
            raise Unable(f"{contender.name} invites to resume: its handshakes cost it more")
        return said


class Transfers(Load):
    """Bodies of 16 MiB in one direction."""

    unit, scale = "GB", 1e9

    def __init__(self, way, streams):
        self.way, self.streams = way, streams

    def target(self, contender):
        return contender.bulk

    def drive(self, stage, port, seconds):
        return drive(stage, seconds, stage.generator("transfers"), POD_ADDRESS, port,
                     stage.directory / "client", self.way, self.streams, seconds, NAME)

    def units(self, said):
        return said["bytes"] / 1e9


def request(stage):
    """The file with a request."""
    path = stage.directory / "request"
    path.write_text("\r\n".join(["GET / HTTP/1.1", *FIELDS, "", ""]))
    return path


def holder(stage, contender):
    """The command of who holds idle connections."""
    return [stage.generator("hold"), POD_ADDRESS, contender.web, stage.directory / "client",
            request(stage)]
