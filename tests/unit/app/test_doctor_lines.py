"""The doctor names each line to another machine that is not encrypted to somebody who proved who he is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from recourse.app.doctor_lines import lines
from recourse.app.settings import Settings
from recourse.gateways.signing import Ed25519Signer

HERE = {
    "database_url": "postgresql+asyncpg://recourse_app:sesame@127.0.0.1/recourse",
    "kafka_brokers": "localhost:9092,[::1]:9093",
    "smtp_host": "localhost",
    "smpp_host": "127.0.0.1",
    "traccar_url": "http://127.0.0.1:8082",
    "legal_desk_url": "http://[::1]:80/desk",
    "evidence_witness_url": "http://localhost/",
    "evidence_witness_key": str(Ed25519Signer.new("witness.example").key),
}
"""Where nobody is in between."""
FAR = {
    "PostgreSQL": {"database_url": "postgresql+asyncpg://recourse_app:sesame@db.example.com/recourse"},
    "Kafka": {"kafka_brokers": "localhost:9092,kafka.example.com:9092"},
    "SMTP": {"smtp_host": "mail.example.com", "smtp_tls": "none"},
    "SMSC": {"smpp_host": "192.0.2.7"},
    "Traccar": {"traccar_url": "http://us:sesame@traccar.example.com:8082"},
    "legal desk": {"legal_desk_url": "http://desk.example.com"},
    "witness": {"evidence_witness_url": "http://witness.example.com"},
}
MENDED = {
    "PostgreSQL": {
        "database_url": "postgresql+asyncpg://recourse_app:sesame@db.example.com/recourse?ssl=verify-full"
    },
    "Kafka": {"kafka_brokers": "kafka.example.com:9092", "kafka_security_protocol": "SSL"},
    "SMTP": {"smtp_host": "mail.example.com"},
    "SMSC": {"smpp_host": "192.0.2.7", "smpp_tls": "true"},
    "Traccar": {"traccar_url": "https://traccar.example.com"},
    "legal desk": {"legal_desk_url": "https://desk.example.com"},
    "witness": {"evidence_witness_url": "https://witness.example.com"},
}


@pytest.fixture(autouse=True)
def empty_environment() -> Iterator[None]:
    before = dict(os.environ)
    for name in before:
        if name.startswith(("RECOURSE_", "TEMPORAL_")):
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


def _settings(changed: dict[str, str]) -> Settings:
    return Settings(_env_file=None, **HERE | changed)  # type: ignore[arg-type]


async def test_of_this_machine_nothing_is_said() -> None:
    assert await lines(_settings({})) == []


@pytest.mark.parametrize("what", FAR)
async def test_a_line_that_others_can_read_is_named_with_its_setting_until_it_is_mended(what: str) -> None:
    [found] = await lines(_settings(FAR[what]))
    assert (found.what, found.state) == (what, "finding")
    named = [name for name in FAR[what] if name.upper() in found.remedy]
    assert named or what in {"Kafka", "SMSC"}
    assert "sesame" not in str(found)
    assert await lines(_settings(MENDED[what])) == []


async def test_so_is_temporals() -> None:
    os.environ["TEMPORAL_ADDRESS"] = "temporal.example.com:7233"
    [found] = await lines(_settings({}))
    assert (found.what, found.remedy) == ("Temporal", "TEMPORAL_TLS: true")
    os.environ["TEMPORAL_TLS"] = "true"
    assert await lines(_settings({})) == []


@pytest.mark.parametrize("less", ["require", "prefer", "verify-ca"])
async def test_encrypted_to_whoever_answers_is_not_enough(less: str) -> None:
    url = FAR["PostgreSQL"]["database_url"] + f"?ssl={less}"
    assert [found.what for found in await lines(_settings({"database_url": url}))] == ["PostgreSQL"]
