"""Certificates as an authority of SPIFFE IDs makes them, and as one should not."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

BOTH = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
SUBJECT_ALTERNATIVE_NAME = ObjectIdentifier("2.5.29.17")
BASIC_CONSTRAINTS = ObjectIdentifier("2.5.29.19")
KEY_USAGE = ObjectIdentifier("2.5.29.15")


def day(year):
    return datetime.datetime(year, 1, 1)


def uri(text):
    """A name of the URI kind in DER, of whatever bytes."""
    return element(0x86, text if isinstance(text, bytes) else text.encode())


def dns(text):
    return element(0x82, text.encode())


def address(text):
    return element(0x87, ipaddress.ip_address(text).packed)


def element(tag, content):
    """Tag, length, content (X.690 §8.1)."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def usage(*names):
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: name in names for name in every})


def ec_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


class Issued:
    """A certificate, its key, and what a peer is sent with it."""

    def __init__(self, certificate, key, intermediates=()):
        self.certificate = certificate
        self.key = key
        self.intermediates = list(intermediates)

    @property
    def subject(self):
        return self.certificate.subject

    def pem(self):
        return b"".join(
            c if isinstance(c, bytes) else c.public_bytes(serialization.Encoding.PEM)
            for c in [self.certificate, *self.intermediates])

    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())


def issue(
        names, by=None, *, key=None, subject="workload", critical_names=False, ca=False,
        basic_constraints=True, path_length=None, usages=("digital_signature",),
        critical_usages=True, purposes=BOTH, since=2020, until=2049, extra=(), digest=hashes.SHA256,
        intermediates=None, raw=(), serial=None, public_key=None):
    """A certificate for `names` (in DER), signed `by` somebody, or by itself.

    `extra` are extensions as (extension, critical), `raw` such as (identifier, critical, bytes).
    """
    key = key or ec_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else [])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(by.subject if by else name)
        .public_key(public_key or key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(day(since)).not_valid_after(day(until)))
    if names:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(
                SUBJECT_ALTERNATIVE_NAME, element(0x30, b"".join(names))), critical_names)
    if basic_constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), True)
    if usages:
        builder = builder.add_extension(usage(*usages), critical_usages)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    for identifier, critical, value in raw:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(ObjectIdentifier(identifier), value), critical)
    signer = by.key if by else key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest()
    certificate = builder.sign(signer, algorithm)
    if intermediates is None:
        intermediates = by.presented if isinstance(by, Authority) else []
    return Issued(certificate, key, intermediates)


class Authority(Issued):
    """A signing certificate. `presented` is what its leaves are sent with: nothing for a root."""

    def __init__(self, issued, presented):
        super().__init__(issued.certificate, issued.key, issued.intermediates)
        self.presented = presented


def authority(names, by=None, **options):
    options = {
        "subject": "authority", "ca": True, "usages": ("key_cert_sign", "crl_sign"),
        "purposes": None, **options}
    issued = issue(names, by, **options)
    presented = [issued.certificate, *by.presented] if by else []
    return Authority(issued, presented)


def patched(issued, by, old, new):
    """The same certificate with bytes of its signed part replaced, signed again."""
    signed = issued.certificate.tbs_certificate_bytes
    assert signed.count(old) == 1 and len(old) == len(new), (signed.count(old), old)
    return assembled(issued, by, signed.replace(old, new))


def assembled(issued, by, signed, signature=None):
    """A certificate of a signed part in DER, with ECDSA and SHA-256."""
    if signature is None:
        signature = by.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    algorithm = element(0x30, bytes.fromhex("06082a8648ce3d040302"))
    return Issued(
        pem_of(element(0x30, signed + algorithm + element(0x03, b"\0" + signature))),
        issued.key, issued.intermediates)


def pem_of(der):
    import base64
    text = base64.b64encode(der).decode()
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    return ("-----BEGIN CERTIFICATE-----\n" + "\n".join(lines)
            + "\n-----END CERTIFICATE-----\n").encode()


def write(folder, name, issued):
    (folder / f"{name}.pem").write_bytes(issued.pem())
    (folder / f"{name}.key").write_bytes(issued.key_pem())
