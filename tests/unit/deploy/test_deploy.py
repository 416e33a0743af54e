"""What people copy must be true: settings that exist, processes that exist, bounds that hold."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import BaseModel

from consumers.loop import ConsumerLimits
from recourse.app.settings import Settings
from recourse.app.web import MOST_CONNECTIONS
from recourse.cli.processes import COMMANDS
from recourse.service import passwords
from recourse.temporal.worker import GRACE
from recourse.web.limits import LONGEST_BODY

DEPLOY = Path(__file__).parents[3] / "deploy"
EXAMPLE = DEPLOY / "recourse.env.example"
OF_THE_LOADER = {"RECOURSE_SECRETS_DIR"}
NAMED = re.compile(r"^#?((?:RECOURSE|TEMPORAL)_[A-Z0-9_]+)=(.*)$", re.MULTILINE)


def _names(model: type[BaseModel], prefix: str = "RECOURSE_") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= _names(inner, f"{prefix}{name.upper()}__")
        else:
            found.add(prefix + name.upper())
    return found


def _in_example() -> set[str]:
    return {name for name, _ in NAMED.findall(EXAMPLE.read_text()) if name.startswith("RECOURSE_")}


def test_the_example_names_every_setting_and_no_other() -> None:
    assert _in_example() - OF_THE_LOADER == _names(Settings)


@pytest.fixture
def bare_environment() -> object:
    before = dict(os.environ)
    for name in before:
        if name.startswith(("RECOURSE_", "TEMPORAL_")):
            del os.environ[name]
    yield None
    os.environ.clear()
    os.environ.update(before)


def test_the_example_loads(bare_environment: object) -> None:
    settings = Settings(_env_file=EXAMPLE)
    assert settings.lenders["/bank/core"].zone == "Asia/Shanghai"
    assert settings.calendar.scale == 1


def test_what_stands_commented_as_a_default_is_the_default(bare_environment: object, tmp_path: Path) -> None:
    commented = dict(re.findall(r"^#(RECOURSE_[A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    for name in ("RECOURSE_SECRETS_DIR", "RECOURSE_TEMPORAL_UI_URL", "RECOURSE_MESSAGES_PER_SECOND"):
        commented.pop(name)  # they have none
    (tmp_path / "env").write_text("".join(f"{name}={value}\n" for name, value in commented.items()))
    url = "postgresql+asyncpg://h/d"
    assert Settings(_env_file=tmp_path / "env", database_url=url) == Settings(
        _env_file=None, database_url=url
    )


def test_a_shell_reads_the_example_as_the_settings_do() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    as_a_shell = {name: "".join(shlex.split(value)) for name, _, value in (x.partition("=") for x in lines)}
    assert as_a_shell == dict(dotenv_values(EXAMPLE, interpolate=False))


def test_every_process_that_is_started_is_a_command() -> None:
    target = (DEPLOY / "systemd" / "recourse.target").read_text()
    started = set(re.findall(r"recourse@([a-z]+)-\d+\.service", target))
    assert started == set(COMMANDS)


def test_whatever_callers_send_the_api_stays_within_the_memory_of_its_unit() -> None:
    unit = (DEPLOY / "systemd" / "recourse@.service").read_text()
    (gigabytes,) = re.findall(r"^MemoryMax=(\d+)G$", unit, re.MULTILINE)
    sent = MOST_CONNECTIONS * 2 * LONGEST_BODY
    hashed = passwords.AT_ONCE * passwords.EACH_TAKES
    assert sent + hashed < int(gigabytes) * 2**30 / 4


def test_a_unit_is_given_the_time_that_an_orderly_stop_takes() -> None:
    unit = (DEPLOY / "systemd" / "recourse@.service").read_text()
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    limits = ConsumerLimits()
    assert int(seconds) > limits.drain + 2 * limits.stop
    assert int(seconds) > GRACE.total_seconds() + 15
