"""What a recipient of a dossier does not get to see, and that it stands nowhere else in what he gets.

A value that is withheld at its own place is withheld wherever it is found: a name in the text of a message, a
number in another person's note. Too much is then covered rather than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_SEGMENT: Final = re.compile(
    r"(?P<name>[a-z_0-9]+|\*)(?:\[(?P<key>[a-z_]+)(?P<op>!?=)(?P<values>[a-z_|]+)\])?"
)
_NUMBER: Final = re.compile(r"\+?\d[\d ()\-]{5,}\d")
_NUMBER_END: Final = 7
"""Digits by which a number is known again, however it is written."""
_NAME: Final = re.compile(r"[^\W\d_]+(?:[ .'\-]+[^\W\d_]+)*\.?")
_SHORTEST_WORD: Final = 3


class Kept(StrEnum):
    """What stays of a value that is withheld."""

    NOTHING = "nothing"
    LAST4 = "last4"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Segment:
    """One name of a path. Of a list each item is meant, or those whose `key` is (or is not) one of `values`;
    `*` is every name."""

    name: str
    key: str = ""
    among: frozenset[str] = frozenset()
    negated: bool = False

    def picks(self, item: Any) -> bool:
        if not self.key:
            return True
        return isinstance(item, Mapping) and (item.get(self.key) in self.among) != self.negated


@dataclass(frozen=True, slots=True)
class Withheld:
    """path: from the dossier's top, such as `borrower.people[role!=borrower].contact_points`. why: what the
    recipient reads in its place. everywhere: its values are covered wherever they stand; not for codes and
    for numbers that mean something else elsewhere."""

    path: str
    why: str
    keep: Kept = Kept.NOTHING
    everywhere: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """columns: of sealed rows, as `kind.column`, whose commitments stand in the proof without their values.
    letters: whether the files of letters go with it; else their digests do. source: the rule that wants it,
    mark: how well it is known."""

    id: str
    title: Mapping[str, str]
    source: str
    mark: str
    withhold: tuple[Withheld, ...] = ()
    columns: tuple[str, ...] = ()
    letters: bool = True


@dataclass(frozen=True, slots=True)
class Redacted:
    """places: concrete paths with what was said there instead. cover: of every text that goes along."""

    document: dict[str, Any]
    places: tuple[tuple[str, str], ...]
    cover: Cover


def path_of(text: str) -> tuple[Segment, ...]:
    """Raises ValueError, which names the part that is none."""
    found = []
    for part in re.split(r"\.(?![^\[]*\])", text):
        match = _SEGMENT.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no part of a path; write a name, * or name[key=value|value]")
        values = frozenset((match["values"] or "").split("|")) - {""}
        found.append(Segment(match["name"], match["key"] or "", values, match["op"] == "!="))
    return tuple(found)


def redact(document: Mapping[str, Any], recipient: Recipient) -> Redacted:
    """A copy for the recipient; the document itself stays. Raises ValueError for a path that is none."""
    places: list[tuple[str, str]] = []
    secrets: list[str] = []
    whole: Any = dict(document)
    for rule in recipient.withhold:
        seen: list[str] = []
        whole = _without(whole, path_of(rule.path), rule, "", places, seen)
        if rule.everywhere:
            secrets += seen
    cover = Cover.of(secrets)
    return Redacted(cover.over(whole), tuple(places), cover)


def _without(
    value: Any,
    path: tuple[Segment, ...],
    rule: Withheld,
    at: str,
    places: list[tuple[str, str]],
    seen: list[str],
) -> Any:
    if not path:
        found = list(_texts(value))
        if not found:
            return value  # nothing is there, which may be known
        seen += found
        places.append((at, rule.why))
        return _instead(value, rule)
    if not isinstance(value, Mapping):
        return value
    head, rest = path[0], path[1:]
    changed = dict(value)
    for name in list(changed) if head.name == "*" else [head.name]:
        place = f"{at}.{name}".lstrip(".")
        inner = changed.get(name)
        if isinstance(inner, list) and (rest or head.key):
            changed[name] = [
                _without(item, rest, rule, f"{place}.{n}", places, seen) if head.picks(item) else item
                for n, item in enumerate(inner)
            ]
        elif inner is not None and head.picks(inner):
            changed[name] = _without(inner, rest, rule, place, places, seen)
    return changed


def _instead(value: Any, rule: Withheld) -> str:
    said = f"[{rule.why}]"
    if not isinstance(value, str) or rule.keep is Kept.NOTHING:
        return said
    kept = value[-4:] if rule.keep is Kept.LAST4 else value[:4]
    # What is hardly longer than its end would be shown whole.
    return f"…{kept} {said}" if len(value) >= 2 * len(kept) else said


def _texts(value: Any) -> Iterator[str]:
    """Every leaf that says something."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif value is not None and not isinstance(value, bool) and str(value).strip():
        yield str(value)


@dataclass(frozen=True, slots=True)
class Cover:
    """Covers texts that must not be read, in any spelling that is likely."""

    words: re.Pattern[str] | None
    ends: frozenset[str]

    @staticmethod
    def of(secrets: Iterable[str]) -> Cover:
        """A name of several words is known by each of them, a number by its end."""
        words: set[str] = set()
        ends: set[str] = set()
        for secret in secrets:
            words |= _spellings(secret.strip())
            ends |= {_digits(number)[-_NUMBER_END:] for number in _NUMBER.findall(secret)}
        return Cover(_either(word for word in words if len(word) > 1), frozenset(ends))

    def hides(self, text: str) -> bool:
        return self.cover(text) != text

    def cover(self, text: str) -> str:
        covered = _NUMBER.sub(self._number, text) if self.ends else text
        return self.words.sub("[…]", covered) if self.words is not None else covered

    def over(self, value: Any) -> Any:
        """The same of every text in it; names of fields stay."""
        if isinstance(value, str):
            return self.cover(value)
        if isinstance(value, Mapping):
            return {name: self.over(inner) for name, inner in value.items()}
        return [self.over(inner) for inner in value] if isinstance(value, list | tuple) else value

    def _number(self, found: re.Match[str]) -> str:
        return "[…]" if _digits(found[0])[-_NUMBER_END:] in self.ends else found[0]


def _spellings(secret: str) -> set[str]:
    """Of a name also each word of it: a message says `Ms Doe` of Mary Doe. As written, and in capitals; in
    small letters it may be a code."""
    parts = re.split(r"[ .'\-]+", secret) if _NAME.fullmatch(secret) else []
    words = {secret} | {part for part in parts if len(part) >= _SHORTEST_WORD}
    return words | {word.upper() for word in words}


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _either(words: Iterable[str]) -> re.Pattern[str] | None:
    """Latin words and numbers are found whole only: `Li` is not in `License`."""
    found = [
        ("(?<![A-Za-z0-9])" if _is_latin(word[0]) else "")
        + re.escape(word)
        + ("(?![A-Za-z0-9])" if _is_latin(word[-1]) else "")
        for word in sorted(words, key=lambda word: (-len(word), word))
    ]
    return re.compile("|".join(found)) if found else None


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()
