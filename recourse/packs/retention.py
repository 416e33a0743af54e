"""The periods of retention as they are installed (`retention.yaml`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from recourse.domain.privacy.retention import RetentionRule
from recourse.packs.strict import PackError, check_bounds, read_yaml, validate

_FILE = "retention.yaml"


@dataclass(frozen=True, slots=True)
class _File:
    rules: tuple[RetentionRule, ...]


@cache
def retention_rules() -> Sequence[RetentionRule]:
    """Raises PackError."""
    return parse(_FILE, (Path(__file__).parent / _FILE).read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Sequence[RetentionRule]:
    """Raises PackError."""
    rules: tuple[RetentionRule, ...] = validate(name, read_yaml(name, text), _File).rules
    for number, rule in enumerate(rules):
        check_bounds(f"{name}: rules.{number}", rule, {"years": (0, 30)})
    codes = [rule.code for rule in rules]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice is not None:
        raise PackError(f"{name}: {twice}: stands twice; give each rule a code of its own")
    return rules
