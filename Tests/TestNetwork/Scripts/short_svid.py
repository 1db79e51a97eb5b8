#!/usr/bin/env python3
"""Signs an SVID that lasts for seconds, which OpenSSL's command line can't before 3.4:

    short_svid.py AUTHORITY-CERTIFICATE AUTHORITY-KEY ID SECONDS CERTIFICATE KEY
"""

import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

authority_path, authority_key_path, name, seconds, certificate_path, key_path = sys.argv[1:]
authority = x509.load_pem_x509_certificate(open(authority_path, "rb").read())
authority_key = serialization.load_pem_private_key(open(authority_key_path, "rb").read(), None)
key = ec.generate_private_key(ec.SECP256R1())
now = datetime.datetime.utcnow()
usage = dict.fromkeys(
    ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
     "crl_sign", "encipher_only", "decipher_only"], False)
certificate = (
    x509.CertificateBuilder()
    .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "SPIRE")]))
    .issuer_name(authority.subject)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(minutes=1))
    .not_valid_after(now + datetime.timedelta(seconds=float(seconds)))
    .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
    .add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
        critical=False)
    .add_extension(
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name)]), critical=False)
    .sign(authority_key, hashes.SHA256()))
with open(certificate_path, "wb") as file:
    file.write(certificate.public_bytes(serialization.Encoding.PEM))
with open(key_path, "wb") as file:
    file.write(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
