"""Signed notes (C2SP signed-note) and the checkpoints they carry (C2SP tlog-checkpoint), as texts.

A note is lines of text, an empty line, and signature lines; a checkpoint's text names the log, its size and
its root. Who signs and who checks a signature are handed in: this file only knows how it is written.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

ED25519: Final = 1
"""The signature type of a plain Ed25519 signature over the text."""
_DASH: Final = "— "
_ID_BYTES: Final = 4
_SIGNATURES_AT_MOST: Final = 100


class NoteError(ValueError):
    """What is no note, no checkpoint or no key; says which line or part."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """name: of who signs; without spaces and plus signs. public: 32 bytes of Ed25519."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(char.isspace() for char in self.name):
            raise NoteError("key: its name must be one word without a plus sign")

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """As it is handed out: name, id and key."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([ED25519]) + self.public)}"

    @staticmethod
    def parse(text: str) -> VerifierKey:
        """Raises NoteError for anything but an Ed25519 key in its written form."""
        name, _, rest = text.strip().partition("+")
        id_, _, encoded = rest.partition("+")
        raw = _bytes(encoded, "key")
        if len(raw) != 33 or raw[0] != ED25519:
            raise NoteError("key: is no Ed25519 key of a signed note")
        key = VerifierKey(name, raw[1:])
        if key.id.hex() != id_:
            raise NoteError("key: its id does not belong to it; it was copied wrongly")
        return key


class Signer(Protocol):
    @property
    def key(self) -> VerifierKey: ...
    def sign(self, message: bytes) -> bytes: ...


class Verifier(Protocol):
    def __call__(self, key: VerifierKey, message: bytes, signature: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """text: ends with a line feed."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(str(signature) for signature in self.signatures)

    def signed_by(self, key: VerifierKey, verifier: Verifier) -> bool:
        """Whether one of its signatures is this key's. Signatures of others are passed over, as the
        specification asks: keys may be added to a note without asking anybody."""
        mine = [s for s in self.signatures if s.name == key.name and s.key_id == key.id]
        return any(verifier(key, self.text.encode(), s.signature) for s in mine)

    @staticmethod
    def parse(text: str) -> Note:
        """Raises NoteError for what is no note."""
        body, gap, tail = text.rpartition("\n\n")
        lines = tail.split("\n")
        if not gap or lines.pop() != "" or not lines:
            raise NoteError("note: a text, an empty line and signature lines were expected")
        if any(ord(char) < 0x20 and char != "\n" for char in text):
            raise NoteError("note: contains a control character")
        if len(lines) > _SIGNATURES_AT_MOST:
            raise NoteError("note: has too many signatures")
        return Note(body + "\n", tuple(_signature(line) for line in lines))


def sign(text: str, signers: Iterable[Signer]) -> Note:
    """text: lines, the last one ended too, none of them empty at the end."""
    if not text.endswith("\n"):
        raise NoteError("note: its text must end with a line feed")
    signatures = (Signature(s.key.name, s.key.id, s.sign(text.encode())) for s in signers)
    return Note(text, tuple(signatures))


def _signature(line: str) -> Signature:
    name, gap, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap or not name:
        raise NoteError("note: a signature line must read: dash, name, base64")
    raw = _bytes(encoded, "signature")
    if len(raw) <= _ID_BYTES:
        raise NoteError("note: a signature is too short")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """origin: the log's name, unique for ever. size: leaves. root: 32 bytes. extension: further lines."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()

    def text(self) -> str:
        if not self.origin or "\n" in self.origin or any("\n" in line or not line for line in self.extension):
            raise NoteError(
                "checkpoint: its origin and each further line must be one line that says something"
            )
        lines = (self.origin, str(self.size), _base64(self.root), *self.extension)
        return "".join(f"{line}\n" for line in lines)

    @staticmethod
    def parse(text: str) -> Checkpoint:
        """Raises NoteError for what is no checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() != "" or not all(lines):
            raise NoteError("checkpoint: origin, size and root were expected, each on a line")
        origin, size, root, *extension = lines
        if not size.isascii() or not size.isdigit() or str(int(size[:20])) != size:
            raise NoteError("checkpoint: its size is no whole number")
        raw = _bytes(root, "root")
        if len(raw) != 32:
            raise NoteError("checkpoint: its root is not of 32 bytes")
        return Checkpoint(origin, int(size), raw, tuple(extension))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(encoded: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{what}: is no base64") from None
    if _base64(raw) != encoded:
        raise NoteError(f"{what}: is no base64 in its one written form")
    return raw
