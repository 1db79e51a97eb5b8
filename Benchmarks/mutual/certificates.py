"""X.509-SVIDs of one trust domain, P-256: the pod's, the client's, and some that must be refused."""

import os
import shutil

from comparison.stage import sh

TRUST_DOMAIN = "spiffe://cluster.example"
POD = f"{TRUST_DOMAIN}/ns/shop/sa/orders"
CLIENT = f"{TRUST_DOMAIN}/ns/shop/sa/web"
# Trusted but admitted nowhere, and admitted by its name but signed by someone else.
STRANGER, FORGED = f"{TRUST_DOMAIN}/ns/shop/sa/reports", CLIENT
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

LEAF = """
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = URI:{identity}
"""


class Certificates:
    """Files in the stage's directory: `pod`, `client`, `stranger`, `forged`, each with .crt and .key."""

    def __init__(self, stage):
        self.directory = stage.directory
        for authority in ("authority", "impostor"):
            sh("openssl", "req", "-x509", *KEY, "-keyout", self.key(authority), "-out",
               self.certificate(authority), "-subj", "/O=cluster.example/CN=authority", "-days", "2",
               "-addext", f"subjectAltName=URI:{TRUST_DOMAIN}",
               "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.sign("pod", POD)
        self.sign("client", CLIENT)
        self.sign("stranger", STRANGER)
        self.sign("forged", FORGED, authority="impostor")

    def certificate(self, name):
        return self.directory / f"{name}.crt"

    def key(self, name):
        return self.directory / f"{name}.key"

    @property
    def bundle(self):
        return self.certificate("authority")

    def sign(self, name, identity, authority="authority"):
        """The subject's common name is the last part of the SPIFFE ID, for who can't read the ID."""
        request, extensions = (self.directory / f"{name}.{kind}" for kind in ("csr", "ext"))
        extensions.write_text(LEAF.format(identity=identity))
        sh("openssl", "req", "-new", *KEY, "-keyout", self.key(name), "-out", request, "-subj",
           f"/O=cluster.example/CN={identity.rpartition('/')[2]}")
        sh("openssl", "x509", "-req", "-in", request, "-CA", self.certificate(authority), "-CAkey",
           self.key(authority), "-extfile", extensions, "-days", "1", "-out",
           self.certificate(name))

    def owned_key(self, contender):
        """The pod's key as a file that the contender's user, and nobody else, may read."""
        return self.owned(contender, "key", self.key("pod"))

    def owned_pair(self, contender):
        """The pod's certificate and key in one file, as HAProxy has them."""
        return self.owned(contender, "pem", self.certificate("pod"), self.key("pod"))

    def owned(self, contender, kind, *parts):
        path = self.directory / f"{contender.name}-identity.{kind}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for part in parts:
                with open(part, "rb") as source:
                    shutil.copyfileobj(source, file)
        os.chown(path, contender.uid, contender.uid)
        return path
