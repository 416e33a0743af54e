"""Settings from the environment (`RECOURSE_*`), an env file, and the embedded stack's state file.

Order: environment, then the file named by RECOURSE_ENV_FILE (default `.env`), then the addresses of an
embedded stack that is up in this folder. Temporal's own settings are the SDK's (`TEMPORAL_*`).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from recourse.contracts.events import Topics
from recourse.contracts.messages import CalendarData
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


def load_settings() -> Settings:
    """Raises SettingsError that names what is missing."""
    adopt_stack()
    try:
        return Settings(_env_file=_env_file())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "RECOURSE_" + "__".join(str(part) for part in first["loc"]).upper()
        remedy = "set it, or start the embedded servers with `recourse stack up`"
        raise SettingsError(f"{name}: {first['msg']}; {remedy}") from None


def _env_file() -> str:
    return os.environ.get("RECOURSE_ENV_FILE", ".env")


def adopt_stack() -> None:
    """Take the addresses of an embedded stack that is up, for whatever the environment does not set."""
    home = Home.default()
    state = read_state(home.state_file) if supervisor_lives(home) else None
    if state is None or state.phase is not Phase.READY:
        return
    in_file = dotenv_values(_env_file())
    for name, value in environment(state.addresses).items():
        if name not in in_file:
            os.environ.setdefault(name, value)
    os.environ.setdefault("RECOURSE_TEMPORAL_UI_URL", state.addresses.temporal_ui_url)


def load_topics() -> Topics:
    """The topics alone, for commands that need no database."""
    names = {
        name: os.environ[f"RECOURSE_TOPICS__{name.upper()}"]
        for name in TopicSettings.model_fields
        if f"RECOURSE_TOPICS__{name.upper()}" in os.environ
    }
    return TopicSettings(**names).topics()
