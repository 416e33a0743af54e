"""Settings of TLS to mail server and SMS centre: no login without it, and no file that is not used."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recourse.app.settings import SettingsError, load_settings

LOGIN = {"SMTP_USERNAME": "recourse", "SMTP_PASSWORD": "sesame"}
FAR = {"SMTP_HOST": "smtp.example.com"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings of whoever runs the tests, no stack, and nothing left behind in the environment."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("RECOURSE_", "TEMPORAL_")):
            del os.environ[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.pem").write_text("no certificate")
    os.environ["RECOURSE_DATABASE_URL"] = "postgresql+asyncpg://recourse@db.example.com/recourse"
    yield
    os.environ.clear()
    os.environ.update(before)


def _set(values: dict[str, str]) -> None:
    os.environ.update({f"RECOURSE_{name}": value for name, value in values.items()})


@pytest.mark.parametrize(
    ("values", "encryption"),
    [
        (FAR, "starttls"),
        ({**FAR, **LOGIN}, "starttls"),
        ({**FAR, "SMTP_TLS": "none"}, "none"),
        ({**FAR, **LOGIN, "SMTP_TLS": "tls"}, "tls"),
        ({"SMTP_HOST": "127.0.0.1", **LOGIN}, "none"),
        ({"SMTP_HOST": "::1"}, "none"),
        ({"SMTP_HOST": "localhost", "SMTP_TLS": "starttls"}, "starttls"),
        ({"SMTP_HOST": "127.0.0.1.example.com"}, "starttls"),
    ],
)
def test_mail_is_encrypted_but_where_it_stays_on_this_machine_or_plain_was_asked_for(
    values: dict[str, str], encryption: str
) -> None:
    _set(values)
    assert load_settings().smtp_encryption == encryption


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({**FAR, **LOGIN, "SMTP_TLS": "none"}, "RECOURSE_SMTP_TLS: .*starttls or tls"),
        ({**FAR, "SMTP_PASSWORD": "sesame", "SMTP_TLS": "none"}, "RECOURSE_SMTP_TLS: .*unset the login"),
        ({**FAR, "SMTP_TLS": "maybe"}, "RECOURSE_SMTP_TLS: Input should be"),
        ({**FAR, "SMTP_TLS": "none", "SMTP_CAFILE": "text.pem"}, "RECOURSE_SMTP_CAFILE: .*RECOURSE_SMTP_TLS"),
        ({"SMTP_HOST": "localhost", "SMTP_CAFILE": "text.pem"}, "RECOURSE_SMTP_CAFILE: .*RECOURSE_SMTP_TLS"),
        ({**FAR, "SMTP_CAFILE": "absent"}, "RECOURSE_SMTP_CAFILE: absent is not there"),
        ({**FAR, "SMTP_CAFILE": "text.pem"}, "RECOURSE_SMTP_CAFILE: text.pem holds no certificates"),
        ({"SMPP_TLS": "perhaps"}, "RECOURSE_SMPP_TLS: Input should be"),
        ({"SMPP_CAFILE": "text.pem"}, "RECOURSE_SMPP_CAFILE: .*RECOURSE_SMPP_TLS to true"),
        ({"SMPP_TLS": "true", "SMPP_CAFILE": "absent"}, "RECOURSE_SMPP_CAFILE: absent is not there"),
        ({"SMPP_TLS": "true", "SMPP_CAFILE": "text.pem"}, "RECOURSE_SMPP_CAFILE: .*no certificates"),
    ],
)
def test_what_is_at_odds_is_refused_with_its_name_and_the_remedy(values: dict[str, str], names: str) -> None:
    _set(values)
    with pytest.raises(SettingsError, match=names) as refused:
        load_settings()
    assert "sesame" not in str(refused.value)


def test_the_authorities_of_both_are_files_of_their_own() -> None:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(
        [*made, "-nodes", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"],
        check=True,
        capture_output=True,
    )
    _set({**FAR, "SMTP_CAFILE": "ca.pem", "SMPP_TLS": "true", "SMPP_CAFILE": "ca.pem"})
    settings = load_settings()
    assert (settings.smtp_cafile, settings.smpp_cafile, settings.smpp_tls) == ("ca.pem", "ca.pem", True)
