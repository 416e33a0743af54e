"""Sentences that a law wants in a letter: one wording a language, printed by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from recourse.domain.law.rule import Source
from recourse.packs.strict import PackError, read_yaml, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """name: how a text prints it, and how a law pack asks for it. source: why it is said."""

    name: str
    source: Source
    en: str
    zh: str

    def in_(self, language: str) -> str:
        """English where there is no wording in the language."""
        return self.zh if language == "zh" else self.en


@lru_cache(maxsize=1)
def statements() -> dict[str, Statement]:
    """By name. Raises PackError."""
    return _read("paper/statements.yaml")


@lru_cache(maxsize=1)
def sales() -> dict[str, Statement]:
    """How a letter says when and where a sale is, by its kind. Raises PackError."""
    return _read("paper/sales.yaml")


def _read(where: str) -> dict[str, Statement]:
    text = (files("recourse.packs") / where).read_text(encoding="utf-8")
    found: tuple[Statement, ...] = validate(where, read_yaml(where, text), tuple[Statement, ...])
    if len({one.name for one in found}) != len(found):
        raise PackError(f"{where}: name: one stands twice; give each statement its own")
    return {one.name: one for one in found}
