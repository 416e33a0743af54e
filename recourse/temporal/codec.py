"""What Temporal keeps of a case is sealed: payloads with AES-256-GCM under one of a ring of keys.

Each payload names its key, so that keys are changed without a stop: the newest encrypts, any decrypts. A
payload that is not ours (of before, of another tool) passes unchanged. Ids, search attributes and the names
of activities are never encrypted by Temporal, and so hold no person.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING: Final = b"binary/encrypted"
CIPHER: Final = b"AES-256-GCM"
PLAIN: Final = "plain"
"""Instead of a key: what is new is not encrypted. First in a ring of keys, it lets processes that cannot
decrypt yet work beside those that can."""
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class KeyRingError(ValueError):
    """Of what is written in a setting or a file; it never shows a key."""


class Undecodable(Exception):
    """A payload that says it is encrypted and cannot be opened: its key is not in the ring, or it was
    changed. The text names the key's id."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """Key id -> 32 bytes, the newest first; None is PLAIN."""

    keys: tuple[tuple[str, bytes | None], ...]

    @classmethod
    def parse(cls, written: str) -> KeyRing:
        """`id:base64` or `plain`, the newest first, parted by commas or lines; `#` begins a comment. Raises
        KeyRingError."""
        lines = [line.partition("#")[0] for line in written.splitlines()]
        entries = [entry.strip() for line in lines for entry in line.split(",") if entry.strip()]
        if not entries:
            raise KeyRingError("there is no key in it; make one with `recourse temporal keygen`")
        keys = tuple(_entry(entry, n) for n, entry in enumerate(entries, start=1))
        if len({key for key, _ in keys}) < len(keys):
            raise KeyRingError("two keys have one id; each needs its own")
        return cls(keys)

    @staticmethod
    def fresh_entry(key_id: str) -> str:
        """A new random key, as `parse` takes it. Raises KeyRingError for an id that cannot be one."""
        entry = f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"
        _entry(entry, 1)
        return entry

    @property
    def newest(self) -> str:
        """Its id; PLAIN where nothing is encrypted."""
        return self.keys[0][0]


def _entry(entry: str, n: int) -> tuple[str, bytes | None]:
    if entry == PLAIN:
        return PLAIN, None
    key_id, colon, secret = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id) or key_id == PLAIN:
        raise KeyRingError(f"entry {n}: write it as id:base64, the id of letters, digits, dots and hyphens")
    try:
        key = base64.b64decode(secret.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyRingError(f"entry {n}: what follows the id is not base64") from None
    if len(key) != KEY_BYTES:
        raise KeyRingError(f"entry {n}: a key of {KEY_BYTES} bytes is needed, this one has {len(key)}")
    return key_id, key


class SealedPayloads(PayloadCodec):
    """encode never fails; decode raises Undecodable."""

    def __init__(self, ring: KeyRing) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys if key is not None}
        self._newest = ring.newest

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if self._newest == PLAIN:
            return list(payloads)
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        nonce, key_id = os.urandom(_NONCE_BYTES), self._newest.encode()
        data = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), _bound_to(key_id))
        metadata = {"encoding": ENCODING, "encryption-cipher": CIPHER, "encryption-key-id": key_id}
        return Payload(metadata=metadata, data=nonce + data)

    def opened(self, payload: Payload) -> Payload:
        """As `decode`, of one."""
        if (
            payload.metadata.get("encoding") != ENCODING
            or payload.metadata.get("encryption-cipher") != CIPHER
        ):
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"")
        shown = key_id.decode("ascii", "replace")[:64]
        cipher = self._ciphers.get(shown)
        if cipher is None:
            raise Undecodable(
                f"key {shown}: not in the ring; put it back, keys are kept as long as histories"
            )
        try:
            nonce, data = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
            return Payload.FromString(cipher.decrypt(nonce, data, _bound_to(key_id)))
        except (InvalidTag, ValueError):
            raise Undecodable(f"key {shown}: the payload was changed, or the key is another one") from None


def _bound_to(key_id: bytes) -> bytes:
    """What is authenticated beside the data: what it is for, and under which name of a key."""
    return b"recourse temporal payload 1|" + key_id
