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
from typing import Literal, TypeVar

import pydantic_settings
from aiokafka.errors import KafkaConfigurationError
from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.connection import KafkaConnection
from recourse.app.addresses import database_address
from recourse.app.reaching import TLS_FILES
from recourse.app.settings_evidence import EvidenceSettings
from recourse.app.settings_letters import LettersSettings
from recourse.app.settings_outside import OutsideSettings
from recourse.app.settings_positions import PositionsSettings
from recourse.app.settings_privacy import PrivacySettings
from recourse.app.settings_serving import ServingSettings
from recourse.app.settings_temporal import TemporalSettings
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
    collector: Literal["creditor", "third_party"] = "creditor"
    product: str = "auto_loan"
    address: str = ""
    counsel: str = ""
    counsel_address: str = ""

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
    positions: str = ""

    def topics(self) -> Topics:
        return Topics(
            self.loans,
            self.overdue,
            self.payments,
            case_events=self.case_events,
            positions=self.positions,
        )


class CalendarSettings(BaseModel):
    """scale: business seconds per real second; 1 in production. Every process must have the same."""

    real_anchor: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    business_anchor: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    scale: int = Field(default=1, ge=1)

    def calendar(self) -> BusinessCalendar:
        return BusinessCalendar(self.real_anchor, self.business_anchor, self.scale)

    def data(self) -> CalendarData:
        return CalendarData.of(self.calendar())


class KafkaSettings(BaseSettings):
    """All that the commands need which speak to Kafka alone."""

    # A ValidationError shows what it refused, and this may be a password.
    model_config = SettingsConfigDict(
        env_prefix="RECOURSE_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )

    kafka_brokers: str = "localhost:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_username: str = Field(default="", validate_default=True)
    kafka_password: SecretStr = Field(default=SecretStr(""), validate_default=True)
    kafka_cafile: str = ""
    kafka_certfile: str = ""
    kafka_keyfile: str = ""
    topics: TopicSettings = TopicSettings()

    @field_validator("kafka_username", "kafka_password")
    @classmethod
    def _goes_with_sasl(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        """Else the broker would refuse us, or hang up, without a word about it."""
        protocol = info.data.get("kafka_security_protocol", "")
        if protocol.startswith("SASL_") and not value:
            raise ValueError(f"{protocol} needs it; set it, or another RECOURSE_KAFKA_SECURITY_PROTOCOL")
        if protocol in {"PLAINTEXT", "SSL"} and value:
            raise ValueError(f"{protocol} has no login; set RECOURSE_KAFKA_SECURITY_PROTOCOL to SASL_SSL")
        return value

    @field_validator("kafka_cafile", "kafka_certfile", "kafka_keyfile")
    @classmethod
    def _goes_with_tls(cls, path: str, info: ValidationInfo) -> str:
        if path and info.data.get("kafka_security_protocol") in {"PLAINTEXT", "SASL_PLAINTEXT"}:
            raise ValueError(
                "without TLS it is not used; set RECOURSE_KAFKA_SECURITY_PROTOCOL to SASL_SSL or SSL"
            )
        if path and not Path(path).is_file():
            raise ValueError(f"{path} is not there; mend the path or unset it")
        if path and info.field_name == "kafka_keyfile" and info.data.get("kafka_certfile") == "":
            raise ValueError("the key of no certificate; set RECOURSE_KAFKA_CERTFILE too")
        return path

    def kafka(self) -> KafkaConnection:
        return KafkaConnection(
            self.kafka_brokers,
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_username,
            self.kafka_password.get_secret_value(),
            self.kafka_cafile,
            self.kafka_certfile,
            self.kafka_keyfile,
        )


class PackSettings(KafkaSettings):
    """What is the operator's own beside the installed packs: all that trying a strategy needs."""

    strategies: str = ""
    experiments: str = ""
    house_rules: str = ""


class Settings(
    OutsideSettings,
    PositionsSettings,
    EvidenceSettings,
    LettersSettings,
    PrivacySettings,
    ServingSettings,
    TemporalSettings,
    PackSettings,
):
    database_url: str
    database_owner_url: str = ""
    database_pool: int = Field(default=10, ge=1, le=200)
    consumer_group: str = "recourse"
    lenders: dict[str, LenderSetting] = {}
    calendar: CalendarSettings = CalendarSettings()
    queue_prefix: str = "recourse"
    sweep_every_seconds: int = Field(default=60, ge=1)
    api_host: str = "127.0.0.1"
    api_port: int = 8080
    api_docs: bool = False
    api_requests_a_minute: int = Field(default=1200, ge=1)
    api_strangers_a_minute: int = Field(default=30, ge=1)
    session_idle_minutes: int = Field(default=30, ge=1, le=240)
    session_hours: int = Field(default=10, ge=1, le=24)
    log_format: str = "json"

    @field_validator("database_url")
    @classmethod
    def _is_ours(cls, url: str) -> str:
        return database_address(url)

    @field_validator("database_owner_url")
    @classmethod
    def _is_the_owners(cls, url: str) -> str:
        return url and database_address(url)

    def owner_url(self) -> str:
        """Of whoever owns the tables: for migrations, roles and policies only."""
        return self.database_owner_url or self.database_url


Loaded = TypeVar("Loaded", bound=KafkaSettings)


def load_settings() -> Settings:
    """Raises SettingsError that names what is missing."""
    return _load(Settings)


def load_kafka() -> KafkaSettings:
    """The same for commands that need no database. Raises SettingsError."""
    return _load(KafkaSettings)


def load_pack_settings() -> PackSettings:
    """The same for commands that need no server at all. Raises SettingsError."""
    return _load(PackSettings)


def _load(kind: type[Loaded]) -> Loaded:
    _exists("RECOURSE_ENV_FILE", Path.is_file)
    adopt_stack()
    _exists("RECOURSE_SECRETS_DIR", Path.is_dir)
    try:
        settings = kind(_env_file=_env_file(), _secrets_dir=os.environ.get("RECOURSE_SECRETS_DIR") or None)
        settings.kafka().options()
        return settings
    except KafkaConfigurationError as error:
        remedy = "give PEM files, and the key, without a passphrase, that belongs to the certificate"
        raise SettingsError(f"{TLS_FILES}: {error.args[0]}; {remedy}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "RECOURSE_" + "__".join(str(part) for part in first["loc"]).upper()
        if first["type"] == "value_error":  # our own, which say what to do
            raise SettingsError(f"{name}: {first['ctx']['error']}") from None
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
