"""Ed25519 keys of checkpoints: made, read from a file, used and checked."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recourse.domain.evidence.note import ED25519, NoteError, VerifierKey

_PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """A key that signs; its written form is that of Go's note package, so that other tools read it too."""

    key: VerifierKey
    _private: Ed25519PrivateKey

    @staticmethod
    def new(name: str) -> Ed25519Signer:
        return _signer(name, Ed25519PrivateKey.generate())

    @staticmethod
    def parse(text: str) -> Ed25519Signer:
        """Raises NoteError; its text never shows the key."""
        name, _, rest = text.strip().removeprefix(_PREFIX).partition("+")
        id_, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise NoteError("signing key: is no base64") from None
        if not text.startswith(_PREFIX) or len(raw) != 33 or raw[0] != ED25519:
            raise NoteError(f"signing key: must begin with {_PREFIX} and hold an Ed25519 key")
        signer = _signer(name, Ed25519PrivateKey.from_private_bytes(raw[1:]))
        if signer.key.id.hex() != id_:
            raise NoteError("signing key: its id does not belong to it; it was copied wrongly")
        return signer

    @staticmethod
    def read(path: Path) -> Ed25519Signer:
        return Ed25519Signer.parse(path.read_text())

    def write(self, path: Path) -> None:
        """For its owner's eyes only, and never over a key that is there. Raises FileExistsError."""
        raw = bytes([ED25519]) + self._private.private_bytes_raw()
        text = f"{_PREFIX}{self.key.name}+{self.key.id.hex()}+{base64.b64encode(raw).decode()}\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def _signer(name: str, private: Ed25519PrivateKey) -> Ed25519Signer:
    return Ed25519Signer(VerifierKey(name, private.public_key().public_bytes_raw()), private)


def is_signature(key: VerifierKey, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        return False
    return True
