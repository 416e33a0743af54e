"""CloudEvents 1.0 in Kafka records and in NDJSON files, both ways.

Binary mode: attributes in `ce_*` headers, data in the value. Structured mode: the whole event in the value
under content type `application/cloudevents+json`. (CloudEvents Kafka protocol binding 1.0.2, §3.2, §3.3.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pydantic import ValidationError

from recourse.contracts.events.models import BANK_MODELS, BankData
from recourse.contracts.events.refusal import Refused, RefusedCode
from recourse.contracts.events.strict_json import loads

SPEC_VERSION = "1.0"
STRUCTURED = "application/cloudevents+json"
Headers = Sequence[tuple[str, bytes]]
_ID = re.compile(r"^[\x21-\x7e]{1,200}$")
_LOAN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")
_VERSION = re.compile(r"^(.*)\.v(\d+)$")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


MAX_BYTES = 960 * 1024
"""With key, headers and the reason of a refusal it fits a broker's usual limit of 1 MiB, so that every record
that may be read can also be kept whole as a dead letter."""


@dataclass(frozen=True, slots=True)
class EventLimits:
    """max_bytes: of a value. now: with it, an event from more than a day ahead is refused."""

    max_bytes: int = MAX_BYTES
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class BankEvent:
    """One understood event. subject: the loan id. raw: the data as received, extra fields included."""

    event_id: str
    source: str
    type: str
    subject: str
    occurred_at: datetime
    data: BankData
    raw: dict[str, Any]

    @property
    def sequence(self) -> int | None:
        return self.data.sequence


def decode(
    key: bytes | None, value: bytes | None, headers: Headers, limits: EventLimits | None = None
) -> BankEvent:
    """One Kafka record. Raises Refused, and nothing else, for whatever it is given."""
    limits = limits or EventLimits()
    if value is None:
        raise Refused(RefusedCode.NO_VALUE, "value", "a tombstone carries no event")
    if len(value) > limits.max_bytes:
        raise Refused(RefusedCode.TOO_LARGE, "value", f"more than {limits.max_bytes} bytes")
    texts = _header_texts(headers)
    if texts.get("content-type", "").split(";")[0].strip().lower() == STRUCTURED:
        attributes, data = _structured(loads(value))
    else:
        attributes = {name[3:]: text for name, text in texts.items() if name.startswith("ce_")}
        _required(attributes)
        data = loads(value)
    event = _event(attributes, data, limits)
    _key_is_subject(key, event.subject)
    return event


def parse_line(text: str, limits: EventLimits | None = None) -> BankEvent:
    """One line of an NDJSON file: a structured event. Raises Refused."""
    attributes, data = _structured(loads(text.encode("utf-8", "surrogatepass")))
    return _event(attributes, data, limits or EventLimits())


def encode_binary(event: BankEvent) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """(key, value, headers) of a record in binary mode."""
    headers = [
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_id", event.event_id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_subject", event.subject.encode()),
        ("ce_time", event.occurred_at.isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    return event.subject.encode(), _dumps(event.raw), headers


def to_line(event: BankEvent) -> str:
    """One structured event as a line of an NDJSON file, without its newline."""
    envelope = {
        "specversion": SPEC_VERSION,
        "id": event.event_id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "data": event.raw,
    }
    return _dumps(envelope).decode()


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _header_texts(headers: Headers) -> dict[str, str]:
    try:
        return {str(name).lower(): (raw or b"").decode("utf-8") for name, raw in headers}
    except UnicodeDecodeError:
        raise Refused(RefusedCode.NOT_UTF8, "headers", "header values must be UTF-8") from None


def _structured(envelope: Any) -> tuple[dict[str, Any], Any]:
    if not isinstance(envelope, dict):
        raise Refused(RefusedCode.NOT_JSON, "value", "a structured event is a JSON object")
    _required(envelope)
    if "data" not in envelope:
        raise Refused(RefusedCode.MISSING_ATTRIBUTE, "data", "a structured event carries `data`")
    return envelope, envelope["data"]


def _required(attributes: Mapping[str, Any]) -> None:
    for name in ("specversion", "id", "source", "type", "subject", "time"):
        if not attributes.get(name):
            raise Refused(
                RefusedCode.MISSING_ATTRIBUTE, f"ce_{name}", "required; send it as a header or attribute"
            )
        if not isinstance(attributes[name], str):
            raise Refused(RefusedCode.BAD_ATTRIBUTE, f"ce_{name}", "must be text")
        if "\x00" in attributes[name] or not attributes[name].isprintable():
            raise Refused(RefusedCode.BAD_ATTRIBUTE, f"ce_{name}", "must be printable text")


def _event(attributes: Mapping[str, Any], data: Any, limits: EventLimits) -> BankEvent:
    if attributes["specversion"] != SPEC_VERSION:
        raise Refused(RefusedCode.UNKNOWN_SPEC_VERSION, "ce_specversion", f"must be {SPEC_VERSION}")
    if not _ID.match(attributes["id"]):
        raise Refused(RefusedCode.BAD_ATTRIBUTE, "ce_id", "1 to 200 visible ASCII characters")
    if not _LOAN.match(attributes["subject"]):
        raise Refused(
            RefusedCode.BAD_ATTRIBUTE, "ce_subject", "an opaque loan id: letters, digits, . _ : -, up to 100"
        )
    if len(attributes["source"]) > 200:
        raise Refused(RefusedCode.BAD_ATTRIBUTE, "ce_source", "up to 200 characters")
    model = _model(attributes["type"])
    occurred_at = _instant(attributes["time"], limits)
    if not isinstance(data, dict):
        raise Refused(RefusedCode.INVALID_DATA, "data", "must be a JSON object")
    try:
        parsed = model.model_validate(data)
    except ValidationError as error:
        raise _invalid(error) from None
    return BankEvent(
        event_id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes["subject"],
        occurred_at=occurred_at,
        data=cast(BankData, parsed),
        raw=data,
    )


def _model(type_: str) -> type[Any]:
    model = BANK_MODELS.get(type_)
    if model is not None:
        return model
    version = _VERSION.match(type_)
    if version and any(known.startswith(f"{version.group(1)}.v") for known in BANK_MODELS):
        raise Refused(
            RefusedCode.UNKNOWN_VERSION, "ce_type", "this major version is not known here; upgrade Recourse"
        )
    raise Refused(RefusedCode.UNKNOWN_TYPE, "ce_type", "not one of the contract's types; see docs/events.md")


def _instant(text: str, limits: EventLimits) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(RefusedCode.BAD_ATTRIBUTE, "ce_time", "RFC 3339 with an offset") from None
    ahead = limits.now is not None and instant > limits.now + timedelta(days=1)
    if instant < _EARLIEST or ahead:
        raise Refused(RefusedCode.BAD_ATTRIBUTE, "ce_time", "implausible; check the bank's clock")
    return instant


def _invalid(error: ValidationError) -> Refused:
    """The first problem, by field path and rule; never the value, which may be personal data."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in ("data", *first["loc"]))
    return Refused(RefusedCode.INVALID_DATA, field, first["msg"])


def _key_is_subject(key: bytes | None, subject: str) -> None:
    if not key:
        raise Refused(
            RefusedCode.MISSING_KEY, "key", "the record's key must be the loan id, or order is not kept"
        )
    if key != subject.encode():
        raise Refused(RefusedCode.KEY_NOT_SUBJECT, "key", "the record's key differs from ce_subject")
