"""Where everything of a running stack answers: one value that tests, the demo and `recourse stack status`
share.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class StackAddresses:
    """Addresses of the three servers and of the four ends of the outside world.

    A member that was not started has the empty string (or port 0); `api_url` is where `recourse web` is
    configured to answer, None where the caller does not say. `end_logs` maps an end's name (`smtp`, `smsc`,
    `traccar`, `legal_desk`) to the path of its append-only NDJSON log; an end replaced by a configured
    address has none.
    """

    database_url: str = ""  # postgresql+asyncpg://user@host:port/database, a superuser in the embedded server
    kafka_brokers: str = ""  # host:port[,host:port]
    temporal_address: str = ""  # host:port of the gRPC frontend
    temporal_namespace: str = "default"
    temporal_ui_url: str = ""
    temporal_keys_file: str = ""  # keys of the payloads that it keeps
    codec_port: int = 0  # where its UI expects `recourse codec`
    api_url: str | None = None
    smtp_host: str = ""
    smtp_port: int = 0
    smpp_host: str = ""
    smpp_port: int = 0
    smpp_system_id: str = ""
    smpp_password: str = field(default="", repr=False)
    traccar_url: str = ""  # without the trailing /api
    traccar_token: str = field(default="", repr=False)
    positions_key: str = field(default="", repr=False)  # under which positions are kept
    legal_desk_url: str = ""
    legal_desk_token: str = field(default="", repr=False)
    privacy_keys_file: str = ""  # the key ring that personal data is sealed with; made with the stack
    end_logs: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with one member per field."""
        return {
            **{f.name: getattr(self, f.name) for f in dataclasses.fields(self)},
            "end_logs": dict(self.end_logs),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StackAddresses:
        """The reverse of `to_json`; members of a newer version are ignored."""
        known = {f.name for f in dataclasses.fields(cls)}
        return cls(**{name: member for name, member in value.items() if name in known})


VARIABLES: Final[Mapping[str, str]] = {
    "database_url": "RECOURSE_DATABASE_URL",
    "kafka_brokers": "RECOURSE_KAFKA_BROKERS",
    "temporal_address": "TEMPORAL_ADDRESS",
    "temporal_namespace": "TEMPORAL_NAMESPACE",
    "temporal_keys_file": "RECOURSE_TEMPORAL_KEYS_FILE",
    "codec_port": "RECOURSE_CODEC_PORT",
    "smtp_host": "RECOURSE_SMTP_HOST",
    "smtp_port": "RECOURSE_SMTP_PORT",
    "smpp_host": "RECOURSE_SMPP_HOST",
    "smpp_port": "RECOURSE_SMPP_PORT",
    "smpp_system_id": "RECOURSE_SMPP_SYSTEM_ID",
    "smpp_password": "RECOURSE_SMPP_PASSWORD",
    "traccar_url": "RECOURSE_TRACCAR_URL",
    "traccar_token": "RECOURSE_TRACCAR_TOKEN",
    "positions_key": "RECOURSE_POSITIONS_KEY",
    "legal_desk_url": "RECOURSE_LEGAL_DESK_URL",
    "legal_desk_token": "RECOURSE_LEGAL_DESK_TOKEN",
    "privacy_keys_file": "RECOURSE_PRIVACY_KEYS_FILE",
}
"""Field of `StackAddresses` -> environment variable. The application reads them; set before `up`, they mean
"this one exists already, use it instead of starting one"."""


HIDDEN: Final = "***"


def without_secrets(url: str) -> str:
    """The same address without its password and its query, which may hold one."""
    try:
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        netloc = f"{name}:{HIDDEN}@{host}" if colon else f"{user}{at}{host}"
        return parts._replace(netloc=netloc, query="", fragment="").geturl()
    except ValueError:  # no URL at all, so no part of it is known to be harmless
        return HIDDEN


def without_logins(addresses: StackAddresses) -> StackAddresses:
    """For a screen, which others see: where everything answers, and nothing that lets anybody in."""
    hidden: dict[str, Any] = {}
    for name, value in addresses.to_json().items():
        if value and name.endswith(("_password", "_token", "_key")):
            hidden[name] = ""
        elif value and name.endswith("_url"):
            hidden[name] = _without_login(value)
    return dataclasses.replace(addresses, **hidden)


def _without_login(url: str) -> str:
    parts = urlsplit(without_secrets(url))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def environment(addresses: StackAddresses) -> dict[str, str]:
    """The variables an application process needs to reach this stack; members that were not started are
    left out.
    """
    values = {variable: getattr(addresses, name) for name, variable in VARIABLES.items()}
    return {variable: str(value) for variable, value in values.items() if value}
