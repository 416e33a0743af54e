"""Data keys wrapped by keys of a ring that lies in a file or in the environment: AES-256-GCM."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recourse.contracts.wrapping import KeysUnavailable, NotOpened, Wrapped
from recourse.domain.privacy.key_ring import NamedKey

_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class RingWrapper:
    """keys: the one in use last."""

    keys: tuple[NamedKey, ...]

    async def wrap(self, key: bytes, about: bytes) -> Wrapped:
        own, nonce = self.keys[-1], os.urandom(_NONCE)
        return Wrapped(own.id, nonce + AESGCM(own.secret).encrypt(nonce, key, about))

    async def unwrap(self, wrapped: Wrapped, about: bytes) -> bytes:
        own = next((key for key in self.keys if key.id == wrapped.by), None)
        if own is None:
            raise KeysUnavailable(f"the key ring has no {wrapped.by}; add it to RECOURSE_PRIVACY_KEYS_FILE")
        nonce, data = wrapped.data[:_NONCE], wrapped.data[_NONCE:]
        try:
            return AESGCM(own.secret).decrypt(nonce, data, about)
        except (InvalidTag, ValueError):
            raise NotOpened(f"a data key wrapped by {wrapped.by} does not open: it was changed") from None

    def in_use(self) -> str | None:
        return self.keys[-1].id
