"""What the world serves: the web on WEB, names on RESOLVER, and on EVIL whatever may be tried."""

import pathlib

from network import EVIL, RESOLVER, WEB
from stage import sh, until
from suite import expect

NAMES = ["api.example.com", "files.example.com", "exfil.example.net", "late.example.org"]
NGINX = """
user root; daemon off; worker_processes 1; pid {at}/nginx.pid; error_log {at}/nginx.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  log_format seen '$scheme $request_method $http_host $remote_addr $status $body_bytes_sent';
  access_log {at}/requests.log seen;
  client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
  uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
  default_type text/plain; sendfile on; keepalive_timeout 300;
  server {{
    listen {web4}:80; listen [{web6}]:80; listen {web4}:443 ssl; listen [{web6}]:443 ssl;
    ssl_certificate {at}/server.crt; ssl_certificate_key {at}/server.key;
    location / {{ return 200 "$request_method $request_uri at $host over $scheme\\n"; }}
    location /files/ {{ root {at}; }}
  }}
}}
"""


class World:
    """Its servers, in a namespace, with their files in a directory."""

    def __init__(self, namespace, directory, names=NAMES, addresses=WEB):
        self.namespace = namespace
        self.at = pathlib.Path(directory)
        self.names = names
        self.certify()
        (self.at / "files").mkdir()
        (self.at / "nginx.conf").write_text(
            NGINX.format(at=self.at, web4=addresses[0], web6=addresses[1]))
        namespace.start("nginx", "-p", self.at, "-c", self.at / "nginx.conf")
        namespace.listens(80, 443)

    def resolve(self):
        """Name servers that know the names, and on EVIL servers of all kinds."""
        for address in RESOLVER:
            self.namespace.script(
                "nameserver.py", address, *(f"{name}={','.join(WEB)}" for name in self.names))
        echo(self.namespace)

    def certify(self):
        """A certificate of its own authority, for all names."""
        alternatives = ",".join(f"DNS:{name}" for name in self.names)
        sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-keyout", self.at / "server.key", "-out", self.at / "server.crt", "-days",
           "2", "-subj", "/CN=the world", "-addext", f"subjectAltName={alternatives}")

    def file(self, name, size):
        """A file of zeros to be fetched from /files/."""
        with open(self.at / "files" / name, "wb") as made:
            made.truncate(size)

    def requests(self):
        """A line for each request that was answered: scheme, method, host, client, status, bytes."""
        log = self.at / "requests.log"
        return log.read_text().splitlines() if log.exists() else []

    def forget(self):
        """Empties the log, once what was answered is in it."""
        (self.at / "requests.log").write_text("")

    def await_requests(self, *wanted):
        """nginx writes its line behind the answer."""
        until("the web server has written its line",
              lambda: len(self.requests()) >= len(wanted), 5)
        expect("the web server's log", self.requests(), list(wanted))


def echo(namespace, *udp):
    """On EVIL servers of all kinds, on the resolvers' port 53 one for TCP, on port 7000 one for all
    addresses. `udp`: more addresses that answer on UDP port 53."""
    tcp = [("0.0.0.0", "7000"), ("::", "7000"), *((address, "53") for address in RESOLVER),
           *((address, port) for address in EVIL for port in ("53", "80", "443"))]
    datagrams = [*((address, port) for address in EVIL for port in ("53", "443")),
                 *((address, "53") for address in udp)]
    namespace.script("servers.py", *(word for pair in tcp for word in ("--tcp", *pair)),
                     *(word for pair in datagrams for word in ("--udp", *pair)))
