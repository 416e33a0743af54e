"""Examining lines to other machines: whether TLS is spoken, and to somebody who has to prove who he is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.engine import make_url

from recourse.app.addresses import on_this_machine
from recourse.app.findings import Finding
from recourse.app.settings import Settings
from recourse.temporal.client import DEFAULT_ADDRESS


@dataclass(frozen=True, slots=True)
class Line:
    """hosts: at its other end. safe: encrypted, and whoever answers has proved who he is."""

    what: str
    hosts: tuple[str, ...]
    safe: bool
    remedy: str


async def lines(settings: Settings) -> list[Finding]:
    """Nothing where all are as they should be: each server's own examination says how it is."""
    return [
        Finding(line.what, "finding", "is spoken to over a line that others can read or answer", line.remedy)
        for line in _all(settings)
        if not line.safe and not all(map(on_this_machine, line.hosts))
    ]


def _all(settings: Settings) -> Iterator[Line]:
    """Those that are named. A time stamp authority is none: it signs what it says, and is told a digest."""
    url = make_url(settings.database_url)
    checked = url.query.get("ssl") == "verify-full"
    yield Line(
        "PostgreSQL", (url.host or "localhost",), checked, "RECOURSE_DATABASE_URL: add ?ssl=verify-full"
    )
    brokers = tuple(_host(one) for one in settings.kafka_brokers.split(","))
    encrypted = settings.kafka_security_protocol.endswith("SSL")
    yield Line("Kafka", brokers, encrypted, "RECOURSE_KAFKA_SECURITY_PROTOCOL: SASL_SSL or SSL")
    temporal = os.environ.get("TEMPORAL_ADDRESS", DEFAULT_ADDRESS)
    tls = os.environ.get("TEMPORAL_TLS", "").lower() in {"true", "1"} or "TEMPORAL_API_KEY" in os.environ
    yield Line("Temporal", (_host(temporal),), tls, "TEMPORAL_TLS: true")
    if settings.smtp_host:
        mail = settings.smtp_encryption != "none"
        yield Line("SMTP", (settings.smtp_host,), mail, "RECOURSE_SMTP_TLS: starttls or tls")
    if settings.smpp_host:
        yield Line("SMSC", (settings.smpp_host,), settings.smpp_tls, "RECOURSE_SMPP_TLS: true")
    for what, setting, address in (
        ("Traccar", "RECOURSE_TRACCAR_URL", settings.traccar_url),
        ("legal desk", "RECOURSE_LEGAL_DESK_URL", settings.legal_desk_url),
        ("witness", "RECOURSE_EVIDENCE_WITNESS_URL", settings.evidence_witness_url),
    ):
        if address:
            scheme, host = make_url(address).drivername, make_url(address).host or ""
            yield Line(what, (host,), scheme == "https", f"{setting}: an address that begins with https://")


def _host(address: str) -> str:
    """Of host:port; of IPv6 without its brackets."""
    return address.strip().rpartition(":")[0].strip("[]") or address
