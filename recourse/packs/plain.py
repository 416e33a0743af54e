"""Codes of the record in words for the person whom it is about, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files

from recourse.packs.strict import PackError, read_yaml, validate

Words = dict[str, dict[str, str]]
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Plain:
    """By kind of code, code and language."""

    channel: Words
    outcome: Words
    stage: Words
    closed: Words
    refusal: Words
    decision: Words
    task: Words
    dispute: Words
    answer: Words
    field: Words
    purpose: Words
    seen: Words
    broken: Words
    precision: Words
    rights: Words

    def say(self, kind: str, code: str, language: str) -> str:
        """The code itself where there are no words for it."""
        words: Words = getattr(self, kind)
        return words.get(code, {}).get(language, code)


@lru_cache(maxsize=1)
def plain() -> Plain:
    """Raises PackError."""
    name = "plain.yaml"
    text = (files("recourse.packs") / name).read_text(encoding="utf-8")
    found: Plain = validate(name, read_yaml(name, text), Plain)
    for kind in fields(found):
        for code, words in getattr(found, kind.name).items():
            for language in LANGUAGES:
                if not words.get(language):
                    raise PackError(
                        f"{name}: {kind.name}.{code}.{language}: missing; say it in each language"
                    )
    return found
