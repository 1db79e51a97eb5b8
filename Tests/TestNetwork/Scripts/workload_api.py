#!/usr/bin/env python3
"""The SPIFFE Workload API as an agent serves it, on grpcio and the messages of PyPI's `spiffe`; and
that library's own client, to show that the server is one.

    workload_api.py serve ENDPOINT COMMANDS
    workload_api.py client ENDPOINT AUDIENCE

ENDPOINT is what SPIFFE_ENDPOINT_SOCKET would be. Needs what .ci/python-packages fetches.

`serve` makes a FIFO at COMMANDS and does what the JSON objects on its lines ask for:

    {"do": "set", "svids": [{"id": …}], "federated": [domain, …]}
                                 new SVIDs, to every open stream at once; see `entry` for what an SVID
                                 may say besides; "bundles": [domain, …] for the other stream alone
    {"do": "raw", "hex": …}      these bytes in place of a message of FetchX509SVID
    {"do": "fail", "method": …, "code": …, "message": …}   a status for open streams and new calls
    {"do": "serve", "method": …} no longer that
    {"do": "end"}                a good end of every open stream

It prints a JSON object a line: "ready", one for each command that it has carried out, one for each
call that comes in.
"""

import datetime
import json
import os
import sys
import threading
from concurrent import futures

import grpc
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from spiffe._proto import workload_pb2 as api

verb, *arguments = sys.argv[1:]
DER = serialization.Encoding.DER
output = threading.Lock()


def say(**event):
    with output:
        print(json.dumps(event), flush=True)


class Authority:
    """A trust domain's."""

    def __init__(self, domain):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, domain)])
        self.certificate = self.sign(
            self.name, f"spiffe://{domain}", self.key.public_key(), 86400, is_authority=True)
        self.bundle = self.certificate.public_bytes(DER)

    def sign(self, subject, uri, public_key, seconds, is_authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
            .public_key(public_key).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(seconds=60))
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_authority, content_commitment=False,
                    key_encipherment=False, data_encipherment=False, key_agreement=False,
                    key_cert_sign=is_authority, crl_sign=is_authority, encipher_only=False,
                    decipher_only=False), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]),
                critical=not is_authority)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(own, critical=False))
        if not is_authority:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Agent:
    """What it says, and to whom it says it. A stream sends whenever its method's version moves on."""

    def __init__(self):
        self.condition = threading.Condition()
        self.authorities = {}
        self.messages = {"FetchX509SVID": None, "FetchX509Bundles": None}
        self.versions = {"FetchX509SVID": 0, "FetchX509Bundles": 0}
        self.failures = {}
        self.ends = 0

    def authority(self, domain):
        return self.authorities.setdefault(domain, Authority(domain))

    def entry(self, wish):
        """An SVID. A wish may name `seconds` of life, a `hint`, `otherKey`, the `listed` ID where that
        is another than the certificate's, and `cutOff` or `missing`: fields to cut short or leave out."""
        domain = wish["id"].removeprefix("spiffe://").split("/")[0]
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.authority(domain).sign(
            x509.Name([]), wish["id"], key.public_key(), wish.get("seconds", 3600))
        if wish.get("otherKey"):
            key = ec.generate_private_key(ec.SECP256R1())
        fields = {
            "spiffe_id": wish.get("listed", wish["id"]),
            "x509_svid": certificate.public_bytes(DER),
            "x509_svid_key": key.private_bytes(
                DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
            "bundle": self.authority(domain).bundle,
            "hint": wish.get("hint", ""),
        }
        for name in wish.get("missing", []):
            del fields[name]
        for name in wish.get("cutOff", []):
            fields[name] = fields[name][:-3]
        told = {"fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
                "serialNumber": f"{certificate.serial_number:X}",
                "secret": f"{key.private_numbers().private_value:064x}"}
        return api.X509SVID(**fields), told

    def set(self, command):
        told = []
        if "svids" in command:
            entries = [self.entry(wish) for wish in command["svids"]]
            told = [told for _, told in entries]
            federated = {
                f"spiffe://{domain}": self.authority(domain).bundle
                for domain in command.get("federated", [])}
            for domain in command.get("spoiltFederated", []):
                federated[f"spiffe://{domain}"] = b"\x30\x03\x02\x01\x01"
            self.messages["FetchX509SVID"] = api.X509SVIDResponse(
                svids=[entry for entry, _ in entries], federated_bundles=federated,
                crl=[b"\0" * command["padding"]] if "padding" in command else [])
            self.versions["FetchX509SVID"] += 1
        if "bundles" in command:
            self.messages["FetchX509Bundles"] = api.X509BundlesResponse(bundles={
                f"spiffe://{domain}": self.authority(domain).bundle
                for domain in command["bundles"]})
            self.versions["FetchX509Bundles"] += 1
        return told

    def stream(self, method, context, ends):
        """What one stream sends, until it is ended: once there were more ends than when it began."""
        sent = 0
        while True:
            with self.condition:
                self.condition.wait_for(
                    lambda: method in self.failures or self.ends > ends
                    or self.versions[method] > sent or not context.is_active())
                if not context.is_active() or self.ends > ends:
                    return
                if method in self.failures:
                    failure = self.failures[method]
                    context.abort(getattr(grpc.StatusCode, failure["code"]), failure["message"])
                message = self.messages[method]
                sent = self.versions[method]
            yield message

    def do(self, command):
        told = []
        with self.condition:
            match command["do"]:
                case "set": told = self.set(command)
                case "raw":
                    self.messages["FetchX509SVID"] = bytes.fromhex(command["hex"])
                    self.versions["FetchX509SVID"] += 1
                case "fail": self.failures[command["method"]] = command
                case "serve": self.failures.pop(command["method"], None)
                case "end": self.ends += 1
            self.condition.notify_all()
        say(event="done", do=command["do"], svids=told)


class Service(grpc.GenericRpcHandler):
    """Each method, with `spiffe`'s classes; bytes that are given in place of a message go out as they
    are."""

    SERVICE = "/SpiffeWorkloadAPI/"

    def __init__(self, agent):
        self.agent = agent

    def service(self, details):
        method = details.method.removeprefix(self.SERVICE)
        if method in ("FetchX509SVID", "FetchX509Bundles"):
            request = {"FetchX509SVID": api.X509SVIDRequest,
                       "FetchX509Bundles": api.X509BundlesRequest}[method]
            return grpc.unary_stream_rpc_method_handler(
                lambda _, context: self.streamed(method, context),
                request_deserializer=request.FromString,
                response_serializer=lambda message: (
                    message if isinstance(message, bytes) else message.SerializeToString()))
        if method == "FetchJWTSVID":
            return grpc.unary_unary_rpc_method_handler(
                self.fetch_jwt_svid, request_deserializer=api.JWTSVIDRequest.FromString,
                response_serializer=api.JWTSVIDResponse.SerializeToString)
        return None

    def admit(self, method, context):
        metadata = dict(context.invocation_metadata())
        say(event="call", method=method, header=metadata.get("workload.spiffe.io"),
            userAgent=metadata.get("user-agent"))
        if metadata.get("workload.spiffe.io") != "true":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")

    def streamed(self, method, context):
        # Before anybody is told of the call: an end that is asked for then concerns it.
        with self.agent.condition:
            ends = self.agent.ends
        self.admit(method, context)

        def wake():
            with self.agent.condition:
                self.agent.condition.notify_all()

        context.add_callback(wake)
        yield from self.agent.stream(method, context, ends)

    def fetch_jwt_svid(self, request, context):
        self.admit("FetchJWTSVID", context)
        with self.agent.condition:
            failure = self.agent.failures.get("FetchJWTSVID")
        if failure:
            context.abort(getattr(grpc.StatusCode, failure["code"]), failure["message"])
        if not request.audience:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "audience must be specified")
        name = request.spiffe_id or "spiffe://example.org/default"
        domain = name.removeprefix("spiffe://").split("/")[0]
        now = datetime.datetime.now(datetime.timezone.utc)
        token = jwt.encode(
            {"sub": name, "aud": list(request.audience), "iat": now,
             "exp": now + datetime.timedelta(minutes=5)},
            self.agent.authority(domain).key, algorithm="ES256", headers={"kid": domain})
        return api.JWTSVIDResponse(svids=[api.JWTSVID(spiffe_id=name, svid=token)])


def serve():
    agent = Agent()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((Service(agent),))
    port = server.add_insecure_port(arguments[0].removeprefix("tcp://"))
    os.mkfifo(arguments[1])
    server.start()
    # For reading and writing: there is no end while nobody writes.
    with os.fdopen(os.open(arguments[1], os.O_RDWR), "r") as commands:
        say(event="ready", port=port)
        for line in commands:
            agent.do(json.loads(line))


def client():
    from spiffe import WorkloadApiClient

    with WorkloadApiClient(socket_path=arguments[0]) as workload:
        context = workload.fetch_x509_context()
        token = workload.fetch_jwt_svid(audience={arguments[1]})
        say(ids=[str(svid.spiffe_id) for svid in context.x509_svids],
            bundles=sorted(bundle.trust_domain.name for bundle in context.x509_bundle_set.bundles),
            streamed=sorted(
                bundle.trust_domain.name for bundle in workload.fetch_x509_bundles().bundles),
            audience=sorted(token.audience), subject=str(token.spiffe_id))


{"serve": serve, "client": client}[verb]()
