"""Configured addresses may hold secrets of a real system: kept for the processes, shown to nobody."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from recourse.app.settings import load_settings
from recourse.stack import StackAddresses
from tests.integration.stack.conftest import CommandLine

SECRETS = ("sesame-sms", "sesame-traccar", "sesame-desk", "sesame-url")


@pytest.fixture
async def configured(ends: StackAddresses, command: CommandLine) -> CommandLine:
    """A stack of ends that exist already, under passwords of their own, and of an SMTP sink that does not."""
    traccar = ends.traccar_url.replace("http://", "http://us:sesame-url@")
    settings = {
        "RECOURSE_SMPP_HOST": ends.smpp_host,
        "RECOURSE_SMPP_PORT": str(ends.smpp_port),
        "RECOURSE_SMPP_SYSTEM_ID": "recourse",
        "RECOURSE_SMPP_PASSWORD": "sesame-sms",
        "RECOURSE_TRACCAR_URL": traccar,
        "RECOURSE_TRACCAR_TOKEN": "sesame-traccar",
        "RECOURSE_LEGAL_DESK_URL": ends.legal_desk_url,
        "RECOURSE_LEGAL_DESK_TOKEN": "sesame-desk",
    }
    up = await asyncio.to_thread(command.run, "up", "--with", "smtp,smsc,traccar,legal_desk", **settings)
    assert up.returncode == 0, up.stderr
    assert [secret for secret in SECRETS if secret in up.stdout + up.stderr] == []
    assert ends.traccar_url.removeprefix("http://") in up.stdout
    return command


def test_no_status_shows_a_secret_that_was_configured(configured: CommandLine, ends: StackAddresses) -> None:
    told = configured.run("status").stdout + configured.run("status", "--json").stdout
    assert [secret for secret in SECRETS if secret in told] == []
    status = configured.status()
    assert (status["smpp_password"], status["traccar_token"], status["legal_desk_token"]) == ("***",) * 3
    assert (status["smpp_host"], status["smpp_port"]) == (ends.smpp_host, ends.smpp_port)
    assert status["traccar_url"] == ends.traccar_url.replace("http://", "http://us:***@")


def test_a_terminal_is_told_where_logins_are_kept_and_programs_what_they_are(command: CommandLine) -> None:
    up = command.run("up", "--with", "postgres,traccar")
    assert up.returncode == 0, up.stderr
    found = command.status()
    assert found["traccar_token"] == "traccar-end"
    login, _, database = found["database_url"].removeprefix("postgresql+asyncpg://").rpartition("@")
    assert login
    for told in (up.stdout, command.run("status").stdout):
        assert f"postgresql+asyncpg://{database}" in told
        assert found["traccar_url"] in told
        assert str(command.home / "stack.json") in told
        hidden = (f"{login}@", found["traccar_token"], found["positions_key"])
        assert [secret for secret in hidden if secret and secret in told] == []


def test_the_state_is_its_owners_alone_and_the_applications_have_from_it_what_they_need(
    configured: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, mode in ((configured.home / "stack.json", 0o600), (configured.home, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in [name for name in os.environ if name.startswith("RECOURSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RECOURSE_HOME", str(configured.home))
    monkeypatch.setenv("RECOURSE_DATABASE_URL", "postgresql+asyncpg://us@127.0.0.1:1/none")
    assert load_settings().legal_desk_token.get_secret_value() == "sesame-desk"


def test_a_database_that_does_not_answer_is_named_without_its_password(command: CommandLine) -> None:
    url = "postgresql+asyncpg://us:sesame-url@127.0.0.1:1/none?password=sesame-url"
    up = command.run("up", "--with", "postgres", RECOURSE_DATABASE_URL=url)
    assert up.returncode == 3
    assert "postgresql+asyncpg://us:***@127.0.0.1:1/none" in up.stderr
    assert "sesame" not in up.stdout + up.stderr
    logs = "".join(path.read_text() for path in Path(command.home / "logs").iterdir())
    assert "sesame" not in logs


def test_the_token_of_the_desks_callbacks_is_on_no_command_line(command: CommandLine) -> None:
    callback = {"URL": "http://127.0.0.1:1/", "TOKEN": "sesame-callback"}
    named = {f"RECOURSE_LEGAL_DESK_CALLBACK_{name}": value for name, value in callback.items()}
    assert command.run("up", "--with", "legal_desk", **named).returncode == 0
    state = json.loads((command.home / "stack.json").read_text())
    arguments = Path(f"/proc/{state['members']['legal_desk']['pid']}/cmdline").read_bytes()
    assert b"--callback-url" in arguments
    assert b"sesame" not in arguments
