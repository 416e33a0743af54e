"""Everything a stack can be made of, in the order of starting; stopping goes the other way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from recourse.stack.addresses import HIDDEN, VARIABLES, StackAddresses, without_secrets
from recourse.stack.errors import StackError
from recourse.stack.outside import LEGAL_DESK, SMSC, SMTP, TRACCAR
from recourse.stack.servers.component import Component
from recourse.stack.servers.kafka import Kafka
from recourse.stack.servers.postgres import Postgres
from recourse.stack.servers.temporal import Temporal

SERVERS: Final = ("postgres", "kafka", "temporal")
ENDS: Final = ("smtp", "smsc", "traccar", "legal_desk")
EVERYTHING: Final = (*SERVERS, *ENDS)

COMPONENTS: Final[Mapping[str, Component]] = {
    member.name: member for member in (Postgres(), Kafka(), Temporal(), SMTP, SMSC, TRACCAR, LEGAL_DESK)
}

# Stopped stage by stage: whoever uses the others first, the database last.
STOP_STAGES: Final = (ENDS, ("temporal",), ("kafka",), ("postgres",))

# Fields of StackAddresses that tell where a member is; the first decides whether the user configured it.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "postgres": ("database_url",),
    "kafka": ("kafka_brokers",),
    "temporal": ("temporal_address", "temporal_namespace", "temporal_keys_file"),
    "smtp": ("smtp_host", "smtp_port"),
    "smsc": ("smpp_host", "smpp_port", "smpp_system_id", "smpp_password"),
    "traccar": ("traccar_url", "traccar_token", "positions_key"),
    "legal_desk": ("legal_desk_url", "legal_desk_token"),
}
USUAL_PORTS: Final = {"smtp_port": "25", "smpp_port": "2775"}


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """The names in starting order; StackError for one that does not exist."""
    wanted = set(names)
    if unknown := wanted - set(EVERYTHING):
        raise StackError(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(EVERYTHING)}")
    return tuple(name for name in EVERYTHING if name in wanted)


def configured(name: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """The address fields the user configured for a member, or None if it is to be started here."""
    fields = FIELDS[name]
    if not environment.get(VARIABLES[fields[0]]):
        return None
    values: dict[str, Any] = {}
    for field in fields:
        value = environment.get(VARIABLES[field]) or USUAL_PORTS.get(field)
        if value is not None:
            values[field] = _port(field, value) if field.endswith("_port") else value
    return values


def to_show(addresses: StackAddresses, of_others: Iterable[str]) -> StackAddresses:
    """For eyes and for programs that print. of_others: the members that were configured, whose secrets are
    those of a real system; what is started here has the same well-known ones everywhere."""
    hidden: dict[str, Any] = {}
    for field in (field for name in of_others for field in FIELDS[name]):
        value = getattr(addresses, field)
        if value and field.endswith(("_password", "_token", "_key")):
            hidden[field] = HIDDEN
        elif field.endswith("_url"):
            hidden[field] = without_secrets(value)
    return replace(addresses, **hidden)


def _port(field: str, value: str) -> int:
    if not value.isdigit():
        raise StackError(f"{VARIABLES[field]} must be a port number, not {value!r}")
    return int(value)
