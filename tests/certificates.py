"""Certificates of a test's own: an authority, who signs letters, and who stamps the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Issued = tuple[x509.Certificate, rsa.RSAPrivateKey]


def issued(name: str, by: Issued | None = None, *, stamps: bool = False, days: int = 30) -> Issued:
    """days: how long it is valid from now; fewer than none for one that has run out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    usage = dict.fromkeys(_USAGES, False) | {"digital_signature": True, "key_cert_sign": by is None}
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if stamps:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        )
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def written(folder: Path, name: str, *chain: Issued) -> tuple[Path, Path]:
    """The certificate with those above it, and the key of the first, as PEM."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(one[0].public_bytes(Encoding.PEM) for one in chain))
    key.write_bytes(pkcs8(chain[0], Encoding.PEM))
    return certificate, key


def pkcs8(one: Issued, encoding: Encoding = Encoding.DER) -> bytes:
    return one[1].private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())


def clock(authority: Issued) -> Any:
    """A time stamp authority inside the test."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1
    from pyhanko.sign.timestamps import DummyTimeStamper

    stamper = issued("clock", authority, stamps=True)
    certificate = asn1.Certificate.load(stamper[0].public_bytes(Encoding.DER))
    return DummyTimeStamper(certificate, keys.PrivateKeyInfo.load(pkcs8(stamper)))
