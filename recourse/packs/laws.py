"""Law packs from YAML: each rule with its source and its period, of which no two lie over each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from recourse.domain.law.caps import LEDGER_DAYS
from recourse.domain.law.location import LocationRule
from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import (
    RULE_KINDS,
    AcknowledgementRule,
    AnswerRule,
    Cap,
    ConversationWait,
    HoldRule,
    LawPack,
    LeastUnpaid,
    LimitationRule,
    NoticeRule,
    RetentionRule,
)
from recourse.packs.resting import check_calendar, resting
from recourse.packs.strict import Bounds, PackError, check_bounds, read_yaml, validate


def load_law(name: str, text: str) -> LawPack:
    """Raises PackError."""
    value = read_yaml(name, text)
    _check_times(name, value)
    pack: LawPack = validate(name, value, LawPack)
    _check_numbers(name, pack)
    _check_named(name, pack)
    _check_rest(name, pack)
    for kind in RULE_KINDS:
        rules = getattr(pack, kind)
        _check_periods(name, kind, "code", ((rule.code, rule) for rule in rules))
    _check_periods(name, "holds", "reason", ((rule.reason.value, rule) for rule in pack.holds))
    for field in ("answers", "acknowledgements"):
        each = ((kind.value, rule) for rule in getattr(pack, field) for kind in sorted(rule.kinds))
        _check_periods(name, field, "kind", each)
    return pack


def by_id(packs: Iterable[tuple[str, LawPack]]) -> dict[str, LawPack]:
    """The packs that can be used together. Raises PackError for a place that two of them claim, and for a
    layer over nothing."""
    known: dict[str, LawPack] = {}
    claimed: dict[str, str] = {}
    named = list(packs)
    for name, pack in named:
        for region in {pack.id, *pack.regions}:
            if region in claimed:
                raise PackError(f"{name}: regions: {claimed[region]} is for {region} already")
            claimed[region] = name
        known[pack.id] = pack
    for name, pack in named:
        if pack.layer_of is not None and pack.layer_of not in known:
            raise PackError(f"{name}: layer_of: there is no pack {pack.layer_of}; add it, or leave this out")
    return known


def law_at(packs: Mapping[str, LawPack], region: str) -> LawPack | None:
    """The narrowest pack that is for a place: its own, else its country's."""
    places = {place: pack for pack in packs.values() for place in (pack.id, *pack.regions)}
    return places.get(region) or places.get(region.partition("-")[0])


def chain(packs: Mapping[str, LawPack], region: str) -> tuple[LawPack, ...]:
    """The packs that hold at a place, the widest first: `US-MA` is asked of the federation and of the state.

    A place without a pack of its own has its country's. Empty where nothing is known, or where what is known
    does not stand alone: what is not known to be lawful is refused.
    """
    found = law_at(packs, region)
    if found is None or not found.alone:
        return ()
    layers = [found]
    while layers[0].layer_of is not None:
        layers.insert(0, packs[layers[0].layer_of])
    return tuple(layers)


def _check_periods(name: str, kind: str, what: str, rules: Iterable[tuple[str, Rule]]) -> None:
    """Two versions of a rule follow each other; both in force at once would contradict each other. For who
    does not fall under one rule's scope another may stand beside it."""
    versions: dict[tuple[str, Any], list[Rule]] = defaultdict(list)
    for key, rule in rules:
        versions[key, rule.scope].append(rule)
    for (key, _), same in versions.items():
        same.sort(key=lambda rule: rule.effective_from or date.min)
        for rule in same:
            if rule.effective_to is not None and (rule.effective_from or date.min) > rule.effective_to:
                raise PackError(f"{name}: {kind}.{key}.effective_to: lies before effective_from")
        for earlier, later in pairwise(same):
            if (earlier.effective_to or date.max) >= (later.effective_from or date.min):
                raise PackError(
                    f"{name}: {kind}: the {what} {key} stands twice for the same days; end one "
                    "(effective_to) before the other begins (effective_from), or merge them"
                )


def _check_times(name: str, value: Any) -> None:
    """YAML reads an unquoted 22:00 as the number 1320, which would pass as 22 minutes after midnight."""
    for kind in ("hours", "office_days"):
        rules = value.get(kind) if isinstance(value, dict) else None
        for number, rule in enumerate(rules if isinstance(rules, list) else []):
            for edge in ("opens", "closes"):
                if isinstance(rule, dict) and isinstance(rule.get(edge), int | float):
                    where = f"{name}: {kind}.{number}.{edge}"
                    raise PackError(f'{where}: not a time; write it in quotes, as "08:00"')


def _check_rest(name: str, pack: LawPack) -> None:
    for field, rule in resting(pack):
        where = f"{name}: {field}"
        if rule.days or rule.worked:
            raise PackError(f"{where}.days: dates come from the calendar; put others into holidays/overrides")
        if not rule.calendar and not rule.weekdays:
            raise PackError(f"{where}: names neither a calendar nor weekdays, so no day would rest")
        if not rule.weekdays <= set(range(1, 8)):
            raise PackError(f"{where}.weekdays: 1 (Monday) to 7 (Sunday)")
        if rule.calendar:
            check_calendar(f"{where}.calendar", rule.calendar)


_LONGEST = 3660
"""Days: ten years. With a number beyond what a calendar holds every later decision there would fail."""
_IN_SIGHT = (1, LEDGER_DAYS)
_BOUNDS: Mapping[type, Bounds] = {
    Cap: {"limit": (1, None), "window_days": _IN_SIGHT, "asked_days": _IN_SIGHT},
    ConversationWait: {"days": _IN_SIGHT, "asked_days": _IN_SIGHT},
    HoldRule: {"days": (1, _LONGEST), "once_in_months": (1, 120)},
    AnswerRule: {"days": (0, 366), "months": (0, 12)},
    AcknowledgementRule: {"days": (1, 366)},
    NoticeRule: {"wait_days": (0, _LONGEST), "earliest_dpd": (0, _LONGEST), "once_in_months": (1, 36)},
    LeastUnpaid: {"percent": (1, 100)},
    RetentionRule: {"years": (1, 100)},
    LimitationRule: {"years": (1, 100)},
    LocationRule: {"cell_km": (1, 100), "lasts_days": (1, 90), "keep_days": (1, _LONGEST)},
}
_HINTS = {
    "window_days": "null for a day; older attempts are out of sight",
    "asked_days": "leave it out where a request changes nothing",
    "once_in_months": "leave it out for no such bound",
}
_NAMED = ("channels", "roles", "stops", "kinds", "contains", "purposes")
"""What a rule is about; without any it would bind nobody, and nobody would see it."""


def _check_numbers(name: str, pack: LawPack) -> None:
    for kind in RULE_KINDS:
        for number, rule in enumerate(getattr(pack, kind)):
            check_bounds(f"{name}: {kind}.{number}", rule, _BOUNDS.get(type(rule), {}), _HINTS)
    for number, hours in enumerate(pack.hours):
        if hours.opens >= hours.closes:
            raise PackError(f"{name}: hours.{number}.closes: must lie after opens, on the same day")
    for number, answer in enumerate(pack.answers):
        if not answer.days and not answer.months:
            raise PackError(f"{name}: answers.{number}.days: at least one day or month")
    for number, limit in enumerate(pack.limitation):
        if limit.warn_days is not None and not 1 <= limit.warn_days <= limit.years * 365:
            raise PackError(
                f"{name}: limitation.{number}.warn_days: must be 1 to the years; leave it out for never"
            )


def _check_named(name: str, pack: LawPack) -> None:
    for kind in RULE_KINDS:
        for number, rule in enumerate(getattr(pack, kind)):
            fields = _NAMED if not isinstance(rule, NoticeRule) else ()
            fields = (*fields, "before") if isinstance(rule, LeastUnpaid) else fields
            empty = [field for field in fields if hasattr(rule, field) and not getattr(rule, field)]
            if empty:
                raise PackError(f"{name}: {kind}.{number}.{empty[0]}: names none, so the rule binds nobody")
    for number, party in enumerate(pack.parties):
        if party.unreachable.failed_in_a_row < 1 or not party.unreachable.channels:
            raise PackError(f"{name}: parties.{number}.unreachable: at least one contact on some channel")
