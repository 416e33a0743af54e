"""Positions at rest under AES-256-GCM with a key of the operator's.

A sealed position is: one byte for the form, four that name the key, twelve of nonce, the rest as the cipher
gives it. The purpose is authenticated with it, so that a row copied over another does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recourse.contracts.cipher import CannotOpen

_FORM: Final = b"\x01"
_NAME, _NONCE = 4, 12
_HEAD: Final = len(_FORM) + _NAME + _NONCE
KEY_BYTES: Final = 32


class AesPositionCipher:
    """The first key seals, every key opens: a new one is put before the old, which goes once the last
    position under it was deleted."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        """Raises ValueError for no key, or one of another length than 32 bytes."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"keys of {KEY_BYTES} bytes, at least one")
        self._keys: Mapping[bytes, AESGCM] = {_name(key): AESGCM(key) for key in keys}
        self._newest = _name(keys[0])

    @classmethod
    def parse(cls, text: str) -> AesPositionCipher:
        """Keys in base64, the newest first, by commas. Raises ValueError, which shows nothing of them."""
        try:
            keys = tuple(base64.b64decode(part.strip(), validate=True) for part in text.split(","))
        except (binascii.Error, ValueError):
            raise ValueError("not base64") from None
        return cls(keys)

    def seal(self, plain: bytes, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self._newest].encrypt(nonce, plain, purpose.encode())
        return _FORM + self._newest + nonce + sealed

    def open(self, sealed: bytes, purpose: str) -> bytes:
        key = self._keys.get(sealed[1 : 1 + _NAME])
        if sealed[:1] != _FORM or len(sealed) < _HEAD or key is None:
            raise CannotOpen("sealed by a key that is not set, or not a sealed position")
        try:
            return key.decrypt(sealed[1 + _NAME : _HEAD], sealed[_HEAD:], purpose.encode())
        except InvalidTag:
            raise CannotOpen("changed, or sealed for something else") from None


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"recourse position key " + key).digest()[:_NAME]
