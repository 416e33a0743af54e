"""What every Kafka client is given, by protocol."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConfigurationError

from consumers.connection import KafkaConnection

LOGIN = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": "u", "sasl_plain_password": "sesame"}


def connection(protocol: str, **files: str) -> KafkaConnection:
    return KafkaConnection("a:1,b:2", protocol, "SCRAM-SHA-512", "u", "sesame", **files)


@pytest.mark.parametrize(
    ("protocol", "encrypted", "login"),
    [
        ("PLAINTEXT", False, {}),
        ("SSL", True, {}),
        ("SASL_PLAINTEXT", False, LOGIN),
        ("SASL_SSL", True, LOGIN),
    ],
)
def test_a_client_is_given_what_its_protocol_wants_and_no_more(
    protocol: str, encrypted: bool, login: dict[str, str]
) -> None:
    options = connection(protocol).options()
    context = options.pop("ssl_context", None)
    assert options == {"bootstrap_servers": "a:1,b:2", "security_protocol": protocol} | login
    assert isinstance(context, ssl.SSLContext) is encrypted
    if encrypted:
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("name", ["cafile", "certfile"])
def test_a_file_that_cannot_be_used_is_an_error_of_the_settings(name: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    for path in (tmp_path / "text", tmp_path / "absent"):
        with pytest.raises(KafkaConfigurationError):
            connection("SSL", **{name: str(path)}).options()


def test_the_password_is_not_shown() -> None:
    assert "sesame" not in repr(connection("SASL_SSL"))
