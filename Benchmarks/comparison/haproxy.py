"""HAProxy: `http` mode for HTTP, `tcp` mode with a look at the SNI for TLS."""

from dataclasses import dataclass

from comparison.contender import Contender

CONNECTIONS = 7000
SPLICE = "option splice-request\n  option splice-response"


@dataclass
class HAProxy(Contender):
    splices: bool = False

    uid = 1338

    @property
    def tls_port(self):
        return self.port + 1

    def command(self, stage):
        return ["haproxy", "-db", "-f", self.document(stage)]

    def document(self, stage):
        return self.configure(
            stage, "haproxy.cfg", MAXCONN=CONNECTIONS, TLSPORT=self.tls_port, PORT=self.port,
            LOG="log stdout format raw local0" if self.logs else "",
            SPLICE=SPLICE if self.splices else "")
