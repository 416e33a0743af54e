"""Settings of positions: the key that they are kept under, and the feed of them."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from recourse.gateways.position_cipher import AesPositionCipher


class PositionsSettings(BaseSettings):
    positions_key: SecretStr = SecretStr("")
    positions_group: str = "recourse-positions"
    positions_heard_within_seconds: float = Field(default=300.0, ge=0)

    @field_validator("positions_key")
    @classmethod
    def _is_a_key_of_positions(cls, key: SecretStr) -> SecretStr:
        """Else it would be found out at the first position."""
        if key.get_secret_value():
            try:
                AesPositionCipher.parse(key.get_secret_value())
            except ValueError as error:
                remedy = "give 32 random bytes in base64, as `openssl rand -base64 32` does"
                raise ValueError(f"{error}; {remedy}") from None
        return key
