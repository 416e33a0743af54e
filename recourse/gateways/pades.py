"""PAdES signatures on letters: B-T with a time stamp of an authority, B-B where none is set.

pyHanko calls itself not yet ready for production, so no signature leaves that was not read back and verified.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from recourse.ports import LetterPress, NotHandedOver

_RESERVED = 32 * 1024
"""Hex digits for the signature with its certificates and a time stamp; a fixed room spares asking twice."""
_FIELD = "Signature"


@dataclass(frozen=True, slots=True)
class Seal:
    """Who signs, and whose clock is believed; pyHanko's own objects. trusted: the certificates above ours, or
    ours alone. stamper: None for a signature without a time stamp."""

    signer: Any
    trusted: tuple[Any, ...]
    stamper: Any = None

    @staticmethod
    def read(certificate: Path, key: Path, passphrase: str = "", *, timestamp_url: str = "") -> Seal:
        """certificate: PEM, ours first, those above it after it. Raises ValueError, which shows no secret."""
        try:
            from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
            from pyhanko.sign import SimpleSigner
            from pyhanko.sign.timestamps import HTTPTimeStamper
            from pyhanko_certvalidator.registry import SimpleCertificateStore
        except ImportError:
            raise ValueError("pyHanko is not installed; install recourse-collections[letters]") from None
        try:
            own, *above = load_certs_from_pemder_data(certificate.read_bytes())
        except (OSError, ValueError):
            raise ValueError(
                f"{certificate}: no certificate in PEM; give ours, then those above it"
            ) from None
        try:
            secret = load_private_key_from_pemder_data(key.read_bytes(), passphrase.encode() or None)
        except (OSError, ValueError, TypeError):
            raise ValueError(f"{key}: no private key in PEM that the passphrase opens") from None
        if _public_half(secret) != own.public_key.dump():
            raise ValueError(f"{key}: belongs to another certificate than {certificate}")
        chain = SimpleCertificateStore.from_certs([own, *above])  # type: ignore[no-untyped-call]
        signer = SimpleSigner(own, secret, chain)
        return Seal(
            signer,
            tuple(above) or (own,),
            HTTPTimeStamper(timestamp_url, timeout=10) if timestamp_url else None,
        )


def _public_half(secret: Any) -> bytes:
    private = load_der_private_key(secret.dump(), None)
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class SignedPress:
    """Implements `LetterPress`: what another press made, signed over every byte of it."""

    def __init__(self, press: LetterPress, seal: Seal) -> None:
        self._press, self._seal = press, seal

    async def press(self, letter: bytes) -> bytes:
        return await signed(await self._press.press(letter), self._seal)


async def signed(pdf: bytes, seal: Seal) -> bytes:
    """The same document with a signature that was read back. Raises NotHandedOver."""
    made = await _sign(pdf, seal)
    trouble = await trouble_with(made, seal.trusted)
    if trouble is not None:
        raise NotHandedOver(f"letters: the signature {trouble}; check RECOURSE_LETTERS_CERTIFICATE_FILE")
    return made


async def _sign(pdf: bytes, seal: Seal) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.timestamps import TimestampRequestError

    how = PdfSignatureMetadata(field_name=_FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    signing = PdfSigner(how, seal.signer, timestamper=seal.stamper)
    # What is added must begin on a line of its own (ISO 19005-3, 6.1.9), and the press ends without one.
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf if pdf.endswith(b"\n") else pdf + b"\n"))
    try:
        written = await signing.async_sign_pdf(writer, bytes_reserved=_RESERVED)
    except (TimestampRequestError, OSError, TimeoutError):
        why = "the time stamp authority does not answer; check RECOURSE_LETTERS_TIMESTAMP_URL"
        raise NotHandedOver(f"letters: {why}") from None
    content: bytes = written.getvalue()
    return content


async def trouble_with(pdf: bytes, trusted: Iterable[Any]) -> str | None:
    """What is wrong with the signature of a letter, or None. trusted: certificates that are believed.

    The authority of a time stamp is not judged, only that the stamp is whole and about this signature.
    """
    from pyhanko.pdf_utils.misc import PdfReadError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if len(signatures) != 1:
            return "is not there"
        roots = list(trusted)
        status = await async_validate_pdf_signature(
            signatures[0],
            ValidationContext(trust_roots=roots, allow_fetching=False),
            ValidationContext(trust_roots=roots, allow_fetching=False),
            key_usage_settings=KeyUsageConstraints(
                key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
            ),
        )
    except (PdfReadError, ValueError):
        return "cannot be read"
    if not (status.intact and status.valid):
        return "does not fit the letter"
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        return "does not cover the whole letter"
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.intact and stamp.valid):
        return "bears a time stamp of something else"
    until = signatures[0].signer_cert.not_valid_after  # of one that is trusted itself, nobody else asks
    valid = status.trusted and until > datetime.now(UTC)
    return None if valid else "is made with a certificate that is not valid now"
