"""Settings of what others connect to: `recourse web` and `recourse codec`."""

from __future__ import annotations

import ssl

from pydantic import ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from recourse.gateways.tls import serving


class ServingSettings(BaseSettings):
    """Without a certificate they speak plain HTTP, to a proxy that ends TLS."""

    tls_certfile: str = ""
    tls_keyfile: str = ""

    @field_validator("tls_keyfile")
    @classmethod
    def _belongs_to_one(cls, path: str, info: ValidationInfo) -> str:
        if path and info.data.get("tls_certfile") == "":
            raise ValueError("the key of no certificate; set RECOURSE_TLS_CERTFILE too")
        return path

    def serving_tls(self) -> ssl.SSLContext | None:
        """Read when a process begins to serve: the files are on its machine alone. Raises ValueError."""
        if not self.tls_certfile:
            return None
        try:
            return serving(self.tls_certfile, self.tls_keyfile)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).partition(" (_ssl")[0]
            remedy = "give PEM files, and the key, without a passphrase, that belongs to the certificate"
            raise ValueError(f"RECOURSE_TLS_CERTFILE, RECOURSE_TLS_KEYFILE: {reason}; {remedy}") from None
