"""docs/settings.md names every setting there is with its default, and none that there is not."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from recourse.app.settings import CalendarSettings, LenderSetting, Settings, TopicSettings
from recourse.stack.addresses import VARIABLES
from recourse.stack.ports import PREFERRED

ROOT = Path(__file__).parents[3]
GROUPS: dict[str, type[BaseModel]] = {"topics": TopicSettings, "calendar": CalendarSettings}


@cache
def document() -> str:
    return (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def fields() -> dict[str, FieldInfo]:
    """Variable -> field, those of the groups included."""
    found = {f"RECOURSE_{name.upper()}": field for name, field in Settings.model_fields.items()}
    for group, model in GROUPS.items():
        prefix = f"RECOURSE_{group.upper()}__"
        found |= {prefix + name.upper(): field for name, field in model.model_fields.items()}
    return found


def default_text(field: FieldInfo) -> str:
    value: Any = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is PydanticUndefined:
        return "none, required"
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return f"`{value.isoformat().replace('+00:00', 'Z')}`"
    return f"`{value}`" if value != "" else "empty"


@pytest.mark.parametrize("variable", sorted(fields()))
def test_every_setting_stands_there_with_its_default(variable: str) -> None:
    field = fields()[variable]
    if isinstance(field.default, dict | BaseModel):
        assert f"`{variable}`" in document()
    else:
        assert f"| `{variable}` | {default_text(field)} |" in document()


def test_every_field_of_a_lender_stands_there_and_the_example_is_one() -> None:
    for name, field in LenderSetting.model_fields.items():
        told = "required" if field.is_required() else default_text(field)
        assert f"| `{name}` | {told} |" in document()
    example = json.loads(document().split("```json\n", 1)[1].split("```", 1)[0])
    assert [LenderSetting(**lender) for lender in example.values()]


def test_the_stacks_variables_and_ports_stand_there() -> None:
    assert [name for name in VARIABLES.values() if f"`{name}`" not in document()] == []
    for name, port in PREFERRED.items():
        assert re.search(rf"_{name.upper()}`( \| `| \(){port}", document()), name


def test_no_setting_is_told_that_nothing_reads() -> None:
    told = set(re.findall(r"\bRECOURSE_[A-Z_]*[A-Z]\b", document()))
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "recourse").rglob("*.py"))
    built = {f"RECOURSE_STACK_PORT_{name.upper()}" for name in PREFERRED}
    built |= {f"RECOURSE_{server}_BIN" for server in ("POSTGRES", "KAFKA", "TEMPORAL")}
    built |= {"RECOURSE_LEGAL_DESK_CALLBACK_URL"}
    assert [name for name in sorted(told - set(fields()) - built) if name not in code] == []
