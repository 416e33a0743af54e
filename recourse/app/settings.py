"""Settings from the environment (`RECOURSE_*`), an env file, a folder of secrets, and the embedded stack.

Order: environment, then the file named by RECOURSE_ENV_FILE (default `.env`), then the folder named by
RECOURSE_SECRETS_DIR (a file a setting, named as it), then the addresses of an embedded stack that is up in
this folder. Temporal's own settings are the SDK's (`TEMPORAL_*`) and may stand in the same places.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pydantic_settings
from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from recourse.contracts.events import Topics
from recourse.contracts.messages import CalendarData
from recourse.domain import zones
from recourse.domain.calendar import BusinessCalendar
from recourse.stack import environment
from recourse.stack.state import Home, Phase, read_state, supervisor_lives


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and the remedy."""


class LenderSetting(BaseModel):
    """What a `ce_source` of the bank stands for."""

    name: str
    region: str
    currency: str
    zone: str
    phone: str = ""

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        """Else it would be found out at the first overdue event, by an error in the middle of a batch."""
        if not zones.exists(zone):
            raise ValueError("must be an IANA time zone, such as Asia/Shanghai")
        return zone


class TopicSettings(BaseModel):
    loans: str = "bank.loans"
    overdue: str = "bank.overdue"
    payments: str = "bank.payments"
    case_events: str = "recourse.case-events"

    def topics(self) -> Topics:
        return Topics(self.loans, self.overdue, self.payments, case_events=self.case_events)


class CalendarSettings(BaseModel):
    """scale: business seconds per real second; 1 in production. Every process must have the same."""

    real_anchor: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    business_anchor: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    scale: int = Field(default=1, ge=1)

    def calendar(self) -> BusinessCalendar:
        return BusinessCalendar(self.real_anchor, self.business_anchor, self.scale)

    def data(self) -> CalendarData:
        return CalendarData.of(self.calendar())


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="RECOURSE_", env_nested_delimiter="__", extra="ignore")

    database_url: str
    database_pool: int = Field(default=10, ge=1, le=200)
    kafka_brokers: str = "localhost:9092"
    consumer_group: str = "recourse"
    topics: TopicSettings = TopicSettings()
    lenders: dict[str, LenderSetting] = {}
    calendar: CalendarSettings = CalendarSettings()
    queue_prefix: str = "recourse"
    temporal_ui_url: str = ""
    sweep_every_seconds: int = Field(default=60, ge=1)
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_sender: str = "collections@example.com"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smpp_host: str = ""
    smpp_port: int = 2775
    smpp_system_id: str = ""
    smpp_password: SecretStr = SecretStr("")
    smpp_source: str = "RECOURSE"
    traccar_url: str = ""
    traccar_token: SecretStr = SecretStr("")
    legal_desk_url: str = ""
    legal_desk_token: SecretStr = SecretStr("")
    messages_per_second: float | None = None
    api_host: str = "127.0.0.1"
    api_port: int = 8080
    log_format: str = "json"

    @field_validator("database_url")
    @classmethod
    def _is_ours(cls, url: str) -> str:
        """Else it would be found out at the first connection, by an error that names no setting."""
        if not url.startswith("postgresql+asyncpg://"):
            raise ValueError("must be like postgresql+asyncpg://user:password@host:5432/name")
        return url


def load_settings() -> Settings:
    """Raises SettingsError that names what is missing."""
    _exists("RECOURSE_ENV_FILE", Path.is_file)
    adopt_stack()
    _exists("RECOURSE_SECRETS_DIR", Path.is_dir)
    try:
        return Settings(_env_file=_env_file(), _secrets_dir=os.environ.get("RECOURSE_SECRETS_DIR") or None)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "RECOURSE_" + "__".join(str(part) for part in first["loc"]).upper()
        missing = first["type"] == "missing"
        remedy = "set it, or start the embedded servers with `recourse stack up`" if missing else "mend it"
        raise SettingsError(f"{name}: {first['msg']}; {remedy}") from None
    except pydantic_settings.SettingsError as error:
        # A whole object, such as RECOURSE_LENDERS, that is no JSON. The library names the field in quotes.
        field = str(error).partition('"')[2].partition('"')[0].upper()
        raise SettingsError(f"RECOURSE_{field}: not JSON; see deploy/recourse.env.example") from None


def _exists(variable: str, is_there: Callable[[Path], bool]) -> None:
    """A path that was named and is not there: else every setting in it would be said to be missing."""
    path = os.environ.get(variable)
    if path and not is_there(Path(path)):
        raise SettingsError(f"{variable}: {path} is not there; mend the path or unset it")


def _env_file() -> str:
    return os.environ.get("RECOURSE_ENV_FILE", ".env")


def adopt_stack() -> None:
    """Into the environment, for whatever is not set there: the env file, Temporal's secrets, then the
    addresses of an embedded stack that is up. The SDK and commands that need one setting only look there."""
    _adopt(dotenv_values(_env_file(), interpolate=False))
    _adopt(_temporal_secrets())
    home = Home.default()
    state = read_state(home.state_file) if supervisor_lives(home) else None
    if state is None or state.phase is not Phase.READY:
        return
    found = {**environment(state.addresses), "RECOURSE_TEMPORAL_UI_URL": state.addresses.temporal_ui_url}
    _adopt({name: value for name, value in found.items() if not _is_secret(name)})


def _adopt(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if name.startswith(("RECOURSE_", "TEMPORAL_")) and value is not None:
            os.environ.setdefault(name, value)


def _is_secret(name: str) -> bool:
    folder = os.environ.get("RECOURSE_SECRETS_DIR")
    return folder is not None and (Path(folder) / name).is_file()


def _temporal_secrets() -> dict[str, str | None]:
    """Recourse's own secrets are read by Settings and stay out of the environment."""
    folder = os.environ.get("RECOURSE_SECRETS_DIR")
    files = Path(folder).glob("TEMPORAL_*") if folder else ()
    return {file.name: file.read_text().strip() for file in files}


def load_topics() -> Topics:
    """The topics alone, for commands that need no database."""
    names = {
        name: os.environ[f"RECOURSE_TOPICS__{name.upper()}"]
        for name in TopicSettings.model_fields
        if f"RECOURSE_TOPICS__{name.upper()}" in os.environ
    }
    return TopicSettings(**names).topics()
