"""Where settings come from, and that a wrong one is named instead of traced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recourse.app.compose import packs
from recourse.app.settings import SettingsError, load_kafka, load_settings

DATABASE = "RECOURSE_DATABASE_URL=postgresql+asyncpg://recourse@db.example.com/recourse\n"
LENDER_IN = '{"a": {"name": "b", "region": "CN", "currency": "CNY", "zone": "%s"}}'


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings of whoever runs the tests, no stack, and nothing left behind in the environment."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("RECOURSE_", "TEMPORAL_")):
            del os.environ[name]
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


def _env_file(text: str) -> None:
    Path("settings.env").write_text(text)
    os.environ["RECOURSE_ENV_FILE"] = "settings.env"


def test_the_env_file_reaches_temporals_sdk_and_commands_that_need_no_database() -> None:
    _env_file(f"{DATABASE}TEMPORAL_ADDRESS=temporal.example.com:7233\nRECOURSE_TOPICS__LOANS=core.events\n")
    assert load_settings().topics.loans == "core.events"
    assert os.environ["TEMPORAL_ADDRESS"] == "temporal.example.com:7233"
    assert load_kafka().topics.loans == "core.events"


def test_whoever_sets_nothing_serves_this_machine_alone() -> None:
    _env_file(DATABASE)
    settings = load_settings()
    assert (settings.api_host, settings.codec_host) == ("127.0.0.1", "127.0.0.1")


def test_the_environment_goes_before_the_env_file_and_that_before_the_secrets() -> None:
    _env_file(f"{DATABASE}RECOURSE_SMTP_PORT=2\nRECOURSE_SMPP_PORT=2\n")
    os.environ["RECOURSE_SMTP_PORT"] = "1"
    _secrets(RECOURSE_SMTP_PORT="3", RECOURSE_SMPP_PORT="3", RECOURSE_API_PORT="3")
    settings = load_settings()
    assert (settings.smtp_port, settings.smpp_port, settings.api_port) == (1, 2, 3)


def test_secrets_come_from_files_and_only_temporals_enter_the_environment() -> None:
    _env_file(DATABASE)
    _secrets(RECOURSE_LEGAL_DESK_TOKEN="abc\n", TEMPORAL_API_KEY="key\n")
    assert load_settings().legal_desk_token.get_secret_value() == "abc"
    assert os.environ["TEMPORAL_API_KEY"] == "key"
    assert "RECOURSE_LEGAL_DESK_TOKEN" not in os.environ


def test_nothing_in_a_value_of_the_env_file_is_expanded() -> None:
    _env_file(DATABASE + "RECOURSE_TRACCAR_TOKEN='a${HOME}b'\n")
    assert load_settings().traccar_token.get_secret_value() == "a${HOME}b"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RECOURSE_LENDERS", "{oops", "RECOURSE_LENDERS: not JSON"),
        ("RECOURSE_LENDERS", '{"a": {"name": "b"}}', "RECOURSE_LENDERS__A__REGION"),
        ("RECOURSE_LENDERS", LENDER_IN % "Beijing", "RECOURSE_LENDERS__A__ZONE: .*IANA time zone"),
        ("RECOURSE_LENDERS", LENDER_IN % "../etc", "RECOURSE_LENDERS__A__ZONE: .*IANA time zone"),
        ("RECOURSE_DATABASE_POOL", "many", "RECOURSE_DATABASE_POOL"),
        ("RECOURSE_ENV_FILE", "absent", "RECOURSE_ENV_FILE: absent is not there"),
        ("RECOURSE_SECRETS_DIR", "absent", "RECOURSE_SECRETS_DIR: absent is not there"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, says: str) -> None:
    _env_file(DATABASE)
    os.environ[name] = value
    with pytest.raises(SettingsError, match=says):
        load_settings()


def _secrets(**values: str) -> None:
    folder = Path("secrets")
    folder.mkdir()
    for name, value in values.items():
        (folder / name).write_text(value)
    os.environ["RECOURSE_SECRETS_DIR"] = str(folder)


def test_a_small_lender_must_set_the_database_and_nothing_else() -> None:
    """OCA's users found theirs too complex, and stopped using it."""
    _env_file(DATABASE)
    assert load_settings().api_port == 8080
    _env_file("RECOURSE_API_PORT=1\n")
    del os.environ["RECOURSE_DATABASE_URL"]
    with pytest.raises(SettingsError, match="RECOURSE_DATABASE_URL: Field required"):
        load_settings()


def test_house_rules_that_cannot_be_used_stop_the_process_and_name_the_setting() -> None:
    _env_file(f"{DATABASE}RECOURSE_HOUSE_RULES=nowhere.yaml\n")
    with pytest.raises(SettingsError, match=r"RECOURSE_HOUSE_RULES: nowhere\.yaml: cannot be read"):
        packs(load_settings())
