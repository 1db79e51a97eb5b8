#!/usr/bin/python3
"""Writes bundles, good SVIDs and hostile ones into a folder: NAME.pem, a chain, and NAME.key.

What each hostile one must be refused for stands in HostileCertificates.swift, by its name.
"""

import pathlib
import sys

from authority import *

folder = pathlib.Path(sys.argv[1])
ID = "spiffe://example.org/ns/prod/sa/web"
WEB = uri(ID)

root = authority([uri("spiffe://example.org")], subject="example.org root")
intermediate = authority([uri("spiffe://example.org")], root, subject="example.org intermediate")
other_root = authority([uri("spiffe://other.org")], subject="other.org root")
stranger = authority([uri("spiffe://example.org")], subject="example.org root")
expired_root = authority([uri("spiffe://expired.org")], subject="expired.org root", until=2021)
limited_root = authority([uri("spiffe://limited.org")], subject="limited.org root", path_length=0)
bare_root = authority([], subject="bare.org root", usages=None)
weak_root = authority([uri("spiffe://weak.org")], subject="weak.org root", key=rsa_key(1024))
pathful_root = authority([uri("spiffe://pathful.org/root")], subject="pathful.org root")
no_sign_root = authority([], subject="nosign.org root", usages=("crl_sign",))
# An anchor that is not signed by itself: only the intermediate is in the bundle.
partial = authority([uri("spiffe://partial.org")], root, subject="partial.org anchor")

bundles = {
    "example.org": root, "other.org": other_root, "expired.org": expired_root,
    "limited.org": limited_root, "bare.org": bare_root, "weak.org": weak_root,
    "pathful.org": pathful_root, "nosign.org": no_sign_root, "partial.org": partial,
}
(folder / "bundles").mkdir()
for domain, issuer in bundles.items():
    (folder / "bundles" / f"{domain}.pem").write_bytes(Issued(issuer.certificate, issuer.key).pem())

# Good ones

good = folder / "good"
good.mkdir()
write(good, "direct", issue([WEB], root))
write(good, "through-an-intermediate", issue([WEB], intermediate))
second = authority([uri("spiffe://example.org")], intermediate, subject="second")
third = authority([], second, subject="third, without an ID")
write(good, "through-three", issue([WEB], third))
write(good, "with-dns-and-address-names",
      issue([dns("web.prod.svc"), WEB, address("10.0.0.1")], root))
write(good, "no-subject-critical-names", issue([WEB], root, subject=None, critical_names=True))
write(good, "no-extended-key-usage", issue([WEB], root, purposes=None))
write(good, "no-basic-constraints", issue([WEB], root, basic_constraints=False))
write(good, "key-agreement-too", issue([WEB], root, usages=("digital_signature", "key_agreement")))
write(good, "rsa-2048", issue([WEB], root, key=rsa_key(2048)))
write(good, "p-384", issue([WEB], root, key=ec_key(ec.SECP384R1), digest=hashes.SHA384))
write(good, "ed25519", issue([WEB], root, key=ed25519.Ed25519PrivateKey.generate()))
write(good, "other-domain", issue([uri("spiffe://other.org/billing")], other_root))
write(good, "root-without-key-usage", issue([uri("spiffe://bare.org/a")], bare_root))
write(good, "anchor-signed-by-another", issue([uri("spiffe://partial.org/a")], partial,
                                              intermediates=[]))
write(good, "path-length-that-fits", issue([uri("spiffe://limited.org/a")], limited_root))
permitted = x509.NameConstraints([x509.UniformResourceIdentifier("example.org")], None)
constrained = authority([uri("spiffe://example.org")], root, subject="constrained",
                        extra=[(permitted, True)])
write(good, "within-name-constraints", issue([WEB], constrained))
write(good, "unknown-extension-not-critical",
      issue([WEB], root, raw=[("1.3.6.1.4.1.99999.1", False, b"\x05\x00")]))
write(good, "root-sent-too", issue([WEB], root, intermediates=[root.certificate]))
write(good, "intermediates-in-disorder",
      issue([WEB], third, intermediates=list(reversed(third.presented))))
write(good, "for-some-years", issue([WEB], root, since=2024, until=2040))
write(good, "years-beyond-2038", issue([WEB], root, until=2999))

# A key that only one test uses, and its number with each bit turned, so that looking for the number
# doesn't bring it to where it is looked for.
(folder / "secret").mkdir()
for name, key in {"p-256": ec_key(), "rsa": rsa_key(2048)}.items():
    bearer = issue([WEB], root, key=key)
    write(folder / "secret", name, bearer)
    numbers = key.private_numbers()
    number = numbers.private_value if name == "p-256" else numbers.p
    (folder / "secret" / f"{name}.turned").write_bytes(
        bytes(255 - byte for byte in number.to_bytes(32 if name == "p-256" else 128, "big")))

# Servers of the web's kind

web = folder / "web"
web.mkdir()
SERVER = dict(purposes=[ExtendedKeyUsageOID.SERVER_AUTH], critical_usages=False)
NAMES = [dns("www.example.com")]
web_root = authority([], subject="web root")
(web / "root.pem").write_bytes(web_root.pem())
write(web, "plain", issue(
    NAMES + [dns("*.wild.example.com"), address("10.1.2.3"), address("2001:db8::1")],
    web_root, subject="plain", **SERVER))
write(web, "through-an-intermediate",
      issue(NAMES, authority([], web_root, subject="web intermediate"), **SERVER))
write(web, "common-name-only", issue([], web_root, subject="www.example.com", **SERVER))
write(web, "partial-wildcard", issue([dns("w*.example.com")], web_root, **SERVER))
write(web, "expired", issue(NAMES, web_root, until=2021, **SERVER))
write(web, "client-only", issue(NAMES, web_root, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH]))
write(web, "stranger", issue(NAMES, authority([], subject="web stranger"), **SERVER))
write(web, "self-signed", issue(NAMES, **SERVER))
write(web, "rsa-1024", issue(NAMES, web_root, key=rsa_key(1024), **SERVER))

# Hostile ones

hostile = folder / "hostile"
hostile.mkdir()


def bad(name, issued):
    write(hostile, name, issued)


# IDs
for name, text in {
    "id-not-spiffe": "https://example.org/web",
    "id-urn": "urn:example:web",
    "id-upper-case-scheme": "SPIFFE://example.org/web",
    "id-one-slash": "spiffe:/example.org/web",
    "id-no-domain": "spiffe:///web",
    "id-upper-case-domain": "spiffe://Example.org/web",
    "id-port": "spiffe://example.org:8443/web",
    "id-empty-port": "spiffe://example.org:/web",
    "id-user": "spiffe://admin@example.org/web",
    "id-percent-in-domain": "spiffe://example%2eorg/web",
    "id-ipv6-domain": "spiffe://[::1]/web",
    "id-long-domain": "spiffe://" + "d" * 256 + "/web",
    "id-dot-dot": "spiffe://example.org/ns/../web",
    "id-dot": "spiffe://example.org/./web",
    "id-percent-in-path": "spiffe://example.org/%77eb",
    "id-percent-dot-dot": "spiffe://example.org/%2e%2e/web",
    "id-empty-segment": "spiffe://example.org//web",
    "id-trailing-slash": "spiffe://example.org/web/",
    "id-slash-only": "spiffe://example.org/",
    "id-query": "spiffe://example.org/web?admin",
    "id-fragment": "spiffe://example.org/web#admin",
    "id-space": "spiffe://example.org/we b",
    "id-colon-in-path": "spiffe://example.org/web:1",
    "id-backslash": "spiffe://example.org/web\\..",
    "id-too-long": "spiffe://example.org/" + "p" * 2028,
    "id-leading-space": " spiffe://example.org/web",
    "id-newline": "spiffe://example.org/web\n",
    "id-nul": b"spiffe://example.org/web\0.evil.org",
    "id-nul-in-domain": b"spiffe://example.org\0.evil.org/web",
    "id-not-ascii": "spiffe://example.org/wéb",
    "id-not-utf8": b"spiffe://example.org/\xff\xfe",
    "id-empty": b"",
    "id-no-path": "spiffe://example.org",
}.items():
    bad(name, issue([uri(text)], root))

# Names
bad("names-none", issue([], root))
bad("names-dns-only", issue([dns("web.example.org")], root))
bad("names-dns-like-an-id", issue([dns(ID)], root))
bad("names-subject-only", issue([], root, subject=ID))
bad("names-email-only", issue([element(0x81, b"web@example.org")], root))
bad("names-two-ids", issue([WEB, uri("spiffe://example.org/admin")], root))
bad("names-same-id-twice", issue([WEB, WEB], root))
bad("names-id-and-url", issue([WEB, uri("https://example.org/")], root))
bad("names-url-and-id", issue([uri("https://example.org/"), WEB], root))
bad("names-not-critical-without-subject", issue([WEB], root, subject=None))
bad("names-broken", issue([], root, raw=[("2.5.29.17", False, b"\x30\x7f\x86\x01a")]))
bad("names-empty-list", issue([], root, raw=[("2.5.29.17", False, b"\x30\x00")]))
twice = issue([WEB], root, raw=[("2.5.29.99", False, element(0x30, uri("spiffe://example.org/b")))])
bad("names-extension-twice",
    patched(twice, root, bytes.fromhex("0603551d63"), bytes.fromhex("0603551d11")))

# What a leaf may do
bad("leaf-is-authority", issue([WEB], root, ca=True))
bad("leaf-is-authority-and-signs",
    issue([WEB], root, ca=True, usages=("digital_signature", "key_cert_sign")))
bad("leaf-signs-certificates", issue([WEB], root, usages=("digital_signature", "key_cert_sign")))
bad("leaf-signs-revocations", issue([WEB], root, usages=("digital_signature", "crl_sign")))
bad("leaf-without-key-usage", issue([WEB], root, usages=None))
bad("leaf-without-digital-signature", issue([WEB], root, usages=("key_encipherment",)))
bad("leaf-key-usage-not-critical", issue([WEB], root, critical_usages=False))
bad("leaf-client-only", issue([WEB], root, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH]))
bad("leaf-server-only", issue([WEB], root, purposes=[ExtendedKeyUsageOID.SERVER_AUTH]))
bad("leaf-code-signing", issue([WEB], root, purposes=[ExtendedKeyUsageOID.CODE_SIGNING]))
bad("leaf-any-purpose",
    issue([WEB], root, purposes=[ObjectIdentifier("2.5.29.37.0")]))
bad("leaf-critical-extension",
    issue([WEB], root, raw=[("1.3.6.1.4.1.99999.1", True, b"\x05\x00")]))
bad("leaf-broken-basic-constraints",
    issue([WEB], root, basic_constraints=False,
          raw=[("2.5.29.19", True, bytes.fromhex("30030201ff"))]))
bad("leaf-broken-key-usage",
    issue([WEB], root, usages=None, raw=[("2.5.29.15", True, b"\x04\x01\x80")]))

# Time
bad("time-expired", issue([WEB], root, until=2021))
bad("time-not-yet", issue([WEB], root, since=2048))
bad("time-never", issue([WEB], root, since=2021, until=2022))
late = authority([uri("spiffe://example.org")], root, subject="late", since=2048)
gone = authority([uri("spiffe://example.org")], root, subject="gone", until=2021)
bad("time-signer-expired", issue([WEB], gone))
bad("time-signer-not-yet", issue([WEB], late))
bad("time-root-expired", issue([uri("spiffe://expired.org/web")], expired_root))

# Whom it comes from
bad("trust-self-signed", issue([WEB]))
bad("trust-stranger", issue([WEB], stranger))
unheard_of = authority([uri("spiffe://example.org")], subject="unheard of")
bad("trust-stranger-with-its-root",
    issue([WEB], unheard_of, intermediates=[unheard_of.certificate]))
bad("trust-other-domains-root", issue([WEB], other_root))
bad("trust-own-root-for-other-domain", issue([uri("spiffe://other.org/web")], root))
bad("trust-unknown-domain", issue([uri("spiffe://unknown.org/web")], root))
bad("trust-subdomain", issue([uri("spiffe://sub.example.org/web")], root))
bad("trust-prefix-of-domain", issue([uri("spiffe://example.or/web")], root))
bad("trust-missing-intermediate", issue([WEB], intermediate, intermediates=[]))
leaf_signer = issue([uri("spiffe://example.org/signer")], root, subject="signer")
bad("trust-signed-by-leaf",
    issue([WEB], leaf_signer, intermediates=[leaf_signer.certificate]))
claims = issue([uri("spiffe://example.org/signer")], root, subject="claims",
               usages=("digital_signature", "key_cert_sign"), basic_constraints=False)
bad("trust-signed-by-keycertsign-without-ca", issue([WEB], claims,
                                                   intermediates=[claims.certificate]))

# What signed it
no_usage = authority([uri("spiffe://example.org")], root, subject="no usage", usages=None)
bad("signer-without-key-usage", issue([WEB], no_usage))
no_sign = authority([uri("spiffe://example.org")], root, subject="no sign", usages=("crl_sign",))
bad("signer-without-keycertsign", issue([WEB], no_sign))
with_path = authority([uri("spiffe://example.org/ca")], root, subject="with path")
bad("signer-with-path", issue([WEB], with_path))
two_ids = authority([uri("spiffe://example.org"), uri("spiffe://other.org")], root, subject="two")
bad("signer-with-two-ids", issue([WEB], two_ids))
no_id = authority([uri("https://example.org")], root, subject="url")
bad("signer-with-url", issue([WEB], no_id))
code = authority([], root, subject="code", purposes=[ExtendedKeyUsageOID.CODE_SIGNING])
bad("signer-for-code", issue([WEB], code))
critical = authority([], root, subject="critical",
                     raw=[("1.3.6.1.4.1.99999.1", True, b"\x05\x00")])
bad("signer-critical-extension", issue([WEB], critical))
below_limit = authority([uri("spiffe://limited.org")], limited_root, subject="below")
bad("signer-path-length", issue([uri("spiffe://limited.org/web")], below_limit))
bad("signer-root-with-path", issue([uri("spiffe://pathful.org/web")], pathful_root))
bad("signer-root-without-keycertsign", issue([uri("spiffe://nosign.org/web")], no_sign_root))
deep = root
for depth in range(9):
    deep = authority([], deep, subject=f"depth {depth}")
bad("signer-chain-of-nine", issue([WEB], deep))
elsewhere = authority([], root, subject="elsewhere", extra=[
    (x509.NameConstraints([x509.UniformResourceIdentifier("other.org")], None), True)])
bad("signer-limited-to-another-domain", issue([WEB], elsewhere))
excluded = authority([], root, subject="excluded", extra=[
    (x509.NameConstraints(None, [x509.UniformResourceIdentifier("example.org")]), True)])
bad("signer-excludes-domain", issue([WEB], excluded))

# Cryptography
bad("weak-rsa-1024", issue([WEB], root, key=rsa_key(1024)))
bad("weak-p-192", issue([WEB], root, key=ec_key(ec.SECP192R1)))
weak_signer = authority([], root, subject="weak signer", key=rsa_key(1024))
bad("weak-signer-rsa-1024", issue([WEB], weak_signer))
bad("weak-root-rsa-1024", issue([uri("spiffe://weak.org/web")], weak_root))
bad("weak-sha1", issue([WEB], root, digest=hashes.SHA1))
sha1_signer = authority([], root, subject="sha1 signer", digest=hashes.SHA1)
bad("weak-signer-sha1", issue([WEB], sha1_signer))
fine = issue([WEB], root)
bad("signature-of-another", assembled(
    fine, root, fine.certificate.tbs_certificate_bytes,
    root.key.sign(b"something else", ec.ECDSA(hashes.SHA256()))))
bad("signature-name-changed-afterwards", assembled(
    fine, root, fine.certificate.tbs_certificate_bytes.replace(b"sa/web", b"sa/adm"),
    fine.certificate.signature))
bad("signature-empty", assembled(
    fine, root, fine.certificate.tbs_certificate_bytes, b""))
other_algorithm = fine.certificate.tbs_certificate_bytes.replace(
    bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303"))
bad("signature-algorithms-differ", assembled(fine, root, other_algorithm))
