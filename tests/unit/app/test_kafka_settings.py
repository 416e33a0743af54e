"""Settings of the connection to Kafka: from everywhere, without a database, never at odds with each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.connection import KafkaConnection
from recourse.app.settings import SettingsError, load_kafka
from recourse.cli.kafka import kafka

LOGIN = {"USERNAME": "recourse", "PASSWORD": "sesame"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings of whoever runs the tests, no stack, and nothing left behind in the environment."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("RECOURSE_", "TEMPORAL_")):
            del os.environ[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.pem").write_text("no certificate")
    yield
    os.environ.clear()
    os.environ.update(before)


def _set(values: dict[str, str]) -> None:
    os.environ.update({f"RECOURSE_KAFKA_{name}": value for name, value in values.items()})


def test_they_come_from_everywhere_and_no_database_is_needed() -> None:
    Path("settings.env").write_text(
        "RECOURSE_KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT\n"
        "RECOURSE_KAFKA_SASL_MECHANISM=SCRAM-SHA-256\n"
        "RECOURSE_TOPICS__LOANS=core.loans\n"
    )
    Path("secrets").mkdir()
    Path("secrets", "RECOURSE_KAFKA_PASSWORD").write_text("sesame\n")
    os.environ |= {"RECOURSE_ENV_FILE": "settings.env", "RECOURSE_SECRETS_DIR": "secrets"}
    _set({"BROKERS": "a:1", "USERNAME": "recourse"})
    expected = KafkaConnection("a:1", "SASL_PLAINTEXT", "SCRAM-SHA-256", "recourse", "sesame")
    assert load_kafka().kafka() == expected
    assert "RECOURSE_KAFKA_PASSWORD" not in os.environ
    connection, topics = kafka("b:2")
    assert (connection.brokers, connection.password, topics.loans) == ("b:2", "sesame", "core.loans")


def test_without_any_the_connection_is_plain() -> None:
    assert load_kafka().kafka() == KafkaConnection("localhost:9092")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"SECURITY_PROTOCOL": "TLS"}, "RECOURSE_KAFKA_SECURITY_PROTOCOL: Input should be"),
        ({"SASL_MECHANISM": "GSSAPI"}, "RECOURSE_KAFKA_SASL_MECHANISM: Input should be"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "PASSWORD": "sesame"}, "RECOURSE_KAFKA_USERNAME: .*set it"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "USERNAME": "u"}, "RECOURSE_KAFKA_PASSWORD: .*set it"),
        (LOGIN, "RECOURSE_KAFKA_USERNAME: .*set RECOURSE_KAFKA_SECURITY_PROTOCOL"),
        ({"PASSWORD": "sesame"}, "RECOURSE_KAFKA_PASSWORD: .*set RECOURSE_KAFKA_SECURITY_PROTOCOL"),
        ({"SECURITY_PROTOCOL": "SSL", **LOGIN}, "RECOURSE_KAFKA_USERNAME: .*SASL_SSL"),
        ({"CAFILE": "text.pem"}, "RECOURSE_KAFKA_CAFILE: .*set RECOURSE_KAFKA_SECURITY_PROTOCOL"),
        ({"SECURITY_PROTOCOL": "SSL", "CAFILE": "absent"}, "RECOURSE_KAFKA_CAFILE: absent is not there"),
        ({"SECURITY_PROTOCOL": "SSL", "CERTFILE": "absent"}, "RECOURSE_KAFKA_CERTFILE: absent is not there"),
        ({"SECURITY_PROTOCOL": "SSL", "KEYFILE": "text.pem"}, "RECOURSE_KAFKA_KEYFILE: .*CERTFILE"),
        ({"SECURITY_PROTOCOL": "SSL", "CAFILE": "text.pem"}, "RECOURSE_KAFKA_CAFILE.*: .*give PEM files"),
    ],
)
def test_what_is_at_odds_is_refused_with_its_name_and_the_remedy(values: dict[str, str], names: str) -> None:
    _set(values)
    with pytest.raises(SettingsError, match=names) as refused:
        load_kafka()
    assert "sesame" not in str(refused.value)
