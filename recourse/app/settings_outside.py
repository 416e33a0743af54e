"""Settings of the world outside: how mail, text messages, vehicles and the legal desk are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from recourse.app.addresses import on_this_machine
from recourse.gateways.smtp import Tls
from recourse.gateways.tls import trusting


class OutsideSettings(BaseSettings):
    """Fields that others are checked against stand before them."""

    smtp_host: str = ""
    smtp_port: int = 25
    smtp_sender: str = "collections@example.com"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["", "none", "starttls", "tls"] = ""
    smtp_cafile: str = ""
    smpp_host: str = ""
    smpp_port: int = 2775
    smpp_system_id: str = ""
    smpp_password: SecretStr = SecretStr("")
    smpp_source: str = "RECOURSE"
    smpp_tls: bool = False
    smpp_cafile: str = ""
    traccar_url: str = ""
    traccar_token: SecretStr = SecretStr("")
    legal_desk_url: str = ""
    legal_desk_token: SecretStr = SecretStr("")
    messages_per_second: float | None = None

    @field_validator("smtp_tls")
    @classmethod
    def _keeps_the_login_secret(cls, tls: str, info: ValidationInfo) -> str:
        login = info.data.get("smtp_username") or info.data.get("smtp_password")
        if tls == "none" and login and not on_this_machine(info.data.get("smtp_host", "")):
            raise ValueError(
                "the login would be sent unencrypted; set it to starttls or tls, or unset the login"
            )
        return tls

    @field_validator("smtp_cafile")
    @classmethod
    def _goes_with_smtp_tls(cls, path: str, info: ValidationInfo) -> str:
        tls, host = info.data.get("smtp_tls"), info.data.get("smtp_host", "")
        if path and tls is not None and _smtp_tls(tls, host) == "none":
            raise ValueError("without TLS it is not used; set RECOURSE_SMTP_TLS to starttls or tls")
        return _authorities(path)

    @field_validator("smpp_cafile")
    @classmethod
    def _goes_with_smpp_tls(cls, path: str, info: ValidationInfo) -> str:
        if path and info.data.get("smpp_tls") is False:
            raise ValueError("without TLS it is not used; set RECOURSE_SMPP_TLS to true")
        return _authorities(path)

    @property
    def smtp_encryption(self) -> Tls:
        """What RECOURSE_SMTP_TLS means, set or not."""
        return _smtp_tls(self.smtp_tls, self.smtp_host)


def _smtp_tls(tls: Literal["", "none", "starttls", "tls"], host: str) -> Tls:
    """A server on this machine (the embedded one, a relay) has no line that somebody could listen to."""
    return tls or ("none" if on_this_machine(host) else "starttls")


def _authorities(path: str) -> str:
    if not path:
        return path
    if not Path(path).is_file():
        raise ValueError(f"{path} is not there; mend the path or unset it")
    try:
        trusting(path)
    except OSError:
        raise ValueError(f"{path} holds no certificates; give a PEM file of the authorities") from None
    return path
