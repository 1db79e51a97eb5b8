"""Where the comparison is held: the pod has proxies and workload, the world has the clients."""

import pathlib

from comparison.stage import Stage

HERE = pathlib.Path(__file__).resolve().parent
POD_ADDRESS = "10.77.9.2"

# Of what comes from outside. As a pod's capture has it, with a port for each contender.
REDIRECT = """
table inet comparison {{
  chain prerouting {{
    type nat hook prerouting priority -100; policy accept;
    iifname "lo" return
    meta l4proto tcp redirect to : tcp dport map {{ {ports} }}
  }}
}}
"""


class Place(Stage):
    def __init__(self):
        super().__init__()
        self.clients = self.world

    def set_up(self, contenders):
        self.build({port: entrance for one in contenders
                    for port, entrance in one.redirects().items()}, REDIRECT)
        self.serve_web(self.pod, *(one.web for one in contenders))
        for one in contenders:
            # The second is for what is passed through as TLS, which nothing is here.
            self.serve_bulk(self.pod, one.bulk, one.bulk + 100)
        for one in contenders:
            for port in (one.web, one.bulk):
                self.await_listener(self.pod, "127.0.0.1", port)

    def generator(self, name):
        """A load generator with a client's TLS."""
        return self.program(name, HERE, ["ssl", "crypto"])
