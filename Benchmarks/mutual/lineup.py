"""Who takes part: each terminates mTLS in the pod, in front of a workload that speaks plain text.

Connections from outside come to a contender by the port they were made to. Each has ports of its own,
on which the workload listens, so that all of them run side by side behind one redirect.
"""

from dataclasses import dataclass

from comparison.contender import Contender
from comparison.envoy import Envoy
from comparison.haproxy import CONNECTIONS, HAProxy
from comparison.sidecar import Sidecar
from mutual.certificates import CLIENT, POD
from mutual.place import HERE


class Inbound(Contender):
    """Of a contender that is in front of the workload."""

    certificates = None  # set once they are made, before any contender starts

    @property
    def entrance(self):
        return self.port + 5

    @property
    def web(self):
        """The workload's port that is this contender's, for requests and for large transfers."""
        return 8000 + self.seat

    @property
    def bulk(self):
        return 8100 + self.seat

    def redirects(self):
        return {self.web: self.entrance, self.bulk: self.entrance}


@dataclass
class InboundSidecar(Inbound, Sidecar):
    def document(self, stage):
        return self.configure(
            stage, HERE / "policy.yaml", PORT=self.port, ENTRANCE=self.entrance,
            ADMIN=self.port - 1, HEALTH=self.port + 20, CLIENT=CLIENT,
            CERTIFICATE=self.certificates.certificate("pod"),
            KEY=self.certificates.owned_key(self), BUNDLE=self.certificates.bundle)


@dataclass
class InboundEnvoy(Inbound, Envoy):
    def document(self, stage):
        return self.configure(
            stage, HERE / "envoy.yaml", PORT=self.entrance, LOG=self.log, CLIENT=CLIENT,
            CERTIFICATE=self.certificates.certificate("pod"),
            KEY=self.certificates.owned_key(self), BUNDLE=self.certificates.bundle)


@dataclass
class InboundHAProxy(Inbound, HAProxy):
    def command(self, stage):
        # HAProxy 2.6 sends two session tickets after each handshake whatever it is told; the library
        # can be told not to.
        library = self.configure(stage, HERE / "openssl.cnf")
        return ["env", f"OPENSSL_CONF={library}", *super().command(stage)]

    def document(self, stage):
        return self.configure(
            stage, HERE / "haproxy.cfg", PORT=self.entrance, MAXCONN=CONNECTIONS, POD=POD,
            NAME=CLIENT.rpartition("/")[2], PAIR=self.certificates.owned_pair(self),
            BUNDLE=self.certificates.bundle,
            LOG="log stdout format raw local0" if self.logs else "")


def contenders(against=None):
    """`against`: another build of the sidecar that takes its turns too."""
    everyone = [
        InboundSidecar("sidecar", "portarium-sidecar", 0),
        InboundEnvoy("envoy", "Envoy", 1),
        InboundHAProxy("haproxy", "HAProxy", 2),
        InboundHAProxy("haproxy-unlogged", "HAProxy without a log", 3, logs=False),
    ]
    if against is not None:
        everyone.append(
            InboundSidecar("against", f"portarium-sidecar, {against}", 4, binary=against))
    return everyone
