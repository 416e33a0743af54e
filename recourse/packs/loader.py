"""Reading packs strictly: an unknown key or a dangling step is an error, never a default."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from recourse.domain.decide import Rules
from recourse.domain.law.caps import LEDGER_DAYS
from recourse.domain.law.rules import LawPack
from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.packs.render import missing_texts

HOUSE_STRATEGY = "US"
"""A loan of a region without a strategy of its own is laddered by this one; without a law pack for the
region the gate refuses every contact, so nothing happens to the borrower until somebody adds the pack."""


class PackError(ValueError):
    """A pack cannot be used. The text names the file, the field and the remedy."""


@dataclass(frozen=True, slots=True)
class PackBook:
    """Every pack that is installed. laws: by country. strategies: by `id@version`."""

    laws: dict[str, LawPack]
    strategies: dict[str, Strategy]

    def rules(self, strategy: str, borrower_region: str, lender_region: str) -> Rules:
        """What a case is decided by. Raises PackError for a strategy that is not installed."""
        return Rules(self.strategy(strategy), self.packs_for(borrower_region, lender_region))

    def packs_for(self, borrower_region: str, lender_region: str) -> tuple[LawPack, ...]:
        """The packs of both places; the stricter answer wins because the gate asks both.

        Empty when either place has no pack: what is not known to be lawful is refused.
        """
        countries = list(dict.fromkeys(r.partition("-")[0] for r in (borrower_region, lender_region)))
        if any(country not in self.laws for country in countries):
            return ()
        return tuple(self.laws[country] for country in countries)

    def strategy(self, name: str) -> Strategy:
        """The exact version a case is pinned to. Raises PackError when it is not installed any more."""
        if name not in self.strategies:
            known = ", ".join(sorted(self.strategies))
            raise PackError(f"strategy {name}: not installed; running cases are pinned to it (have: {known})")
        return self.strategies[name]

    def default_strategy(self, region: str) -> Strategy:
        """The newest strategy for the region's country, else the house's."""
        country = region.partition("-")[0]
        fitting = [s for s in self.strategies.values() if s.region == country]
        fitting = fitting or [s for s in self.strategies.values() if s.region == HOUSE_STRATEGY]
        return max(fitting, key=lambda s: (s.version, s.id))


@lru_cache(maxsize=1)
def load_packs() -> PackBook:
    """The packs inside the package. Raises PackError."""
    laws = [load_law(name, text) for name, text in _texts("law")]
    strategies = [load_strategy(name, text) for name, text in _texts("strategies")]
    return PackBook({law.id: law for law in laws}, {s.name: s for s in strategies})


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for file in sorted((files("recourse.packs") / folder).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            yield f"{folder}/{file.name}", file.read_text(encoding="utf-8")


def load_strategy_file(path: Path) -> Strategy:
    return load_strategy(str(path), path.read_text(encoding="utf-8"))


def load_law(name: str, text: str) -> LawPack:
    """Raises PackError."""
    value = _yaml(name, text)
    _check_times(name, value)
    pack: LawPack = _validate(name, value, LawPack)
    _check_numbers(name, pack)
    codes = [cap.code for cap in pack.caps]
    if len(set(codes)) != len(codes):
        raise PackError(f"{name}: caps: a code stands twice; give each cap its own")
    reasons = [rule.reason for rule in pack.holds]
    if len(set(reasons)) != len(reasons):
        raise PackError(f"{name}: holds: a reason stands twice; merge the two rules")
    return pack


def _check_times(name: str, value: Any) -> None:
    """YAML reads an unquoted 22:00 as the number 1320, which would pass as 22 minutes after midnight."""
    rules = value.get("hours") if isinstance(value, dict) else None
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        for edge in ("opens", "closes"):
            if isinstance(rule, dict) and isinstance(rule.get(edge), int | float):
                raise PackError(f'{name}: hours.{number}.{edge}: not a time; write it in quotes, as "08:00"')


def _check_numbers(name: str, pack: LawPack) -> None:
    for number, rule in enumerate(pack.hours):
        if rule.opens >= rule.closes:
            raise PackError(f"{name}: hours.{number}.closes: must lie after opens, on the same day")
    for number, cap in enumerate(pack.caps):
        if cap.limit < 1:
            raise PackError(f"{name}: caps.{number}.limit: must be 1 or more")
        if cap.window_days is not None and not 1 <= cap.window_days <= LEDGER_DAYS:
            raise PackError(
                f"{name}: caps.{number}.window_days: must be 1 to {LEDGER_DAYS}, or null for a day; "
                "older attempts are out of sight"
            )
    if pack.conversation_wait is not None and not 1 <= pack.conversation_wait.days <= LEDGER_DAYS:
        raise PackError(
            f"{name}: conversation_wait.days: must be 1 to {LEDGER_DAYS}, or leave the rule out; "
            "older attempts are out of sight"
        )


def load_strategy(name: str, text: str) -> Strategy:
    """Raises PackError."""
    value = _yaml(name, text)
    if isinstance(value, dict) and isinstance(value.get("buckets"), list):
        value = value | {"buckets": {"buckets": value["buckets"]}}
    strategy: Strategy = _validate(name, value, Strategy)
    known: set[str] = {step.id for step in strategy.steps}
    if len(known) != len(strategy.steps):
        raise PackError(f"{name}: steps: an id stands twice; give each step its own")
    for step in strategy.steps:
        _check_step(name, step, known)
    _check_order(name, strategy)
    return strategy


def _check_step(name: str, step: Step, known: set[str]) -> None:
    where = f"{name}: steps.{step.id}"
    named = [*step.requires, step.fallback_for, step.proposal, step.approval]
    for other in named:
        if other is not None and other not in known:
            raise PackError(f"{where}: names the step {other}, which is not on the ladder")
    needs = {
        StepKind.REMIND: ("channel", "template"),
        StepKind.TASK: ("task", "team"),
        StepKind.LOCATE: ("purpose",),
        StepKind.HANDOVER: ("proposal", "approval"),
    }[step.kind]
    for field in needs:
        if getattr(step, field) is None:
            raise PackError(f"{where}.{field}: a step of kind {step.kind} needs it")
    if step.kind is StepKind.REMIND and (missing := missing_texts(step.template or "", step.channel or "")):
        raise PackError(f"{where}.template: there is no {' or '.join(missing)}; add it to the pack")
    if step.kind is StepKind.HANDOVER and step.proposal == step.approval:
        raise PackError(f"{where}.approval: must be another step than the proposal; two persons decide")
    if step.until is not None and step.until < step.day:
        raise PackError(f"{where}.until: lies before its day; the step could never run")


def _check_order(name: str, strategy: Strategy) -> None:
    """No circle of requirements and fallbacks, or its steps would wait for each other for ever."""
    waits = {s.id: {*s.requires, *([s.fallback_for] if s.fallback_for else [])} for s in strategy.steps}
    while free := [step for step, others in waits.items() if not others & set(waits)]:
        for step in free:
            del waits[step]
    if waits:
        raise PackError(f"{name}: steps: {', '.join(sorted(waits))} wait for each other; break the circle")


class _OnceLoader(yaml.SafeLoader):
    """Plain YAML, but a key that stands twice is an error; the last one would win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                problem=f"{twice}: stands twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def _yaml(name: str, text: str) -> Any:
    try:
        return yaml.load(text, _OnceLoader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        raise PackError(f"{name}: not YAML: {error}") from error


def _validate(name: str, value: Any, kind: Any) -> Any:
    unknown = _unknown_keys(value, kind)
    if unknown:
        raise PackError(f"{name}: {unknown}: no such field; check its spelling")
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise PackError(f"{name}: {field}: {first['msg']}") from error


def _unknown_keys(value: Any, kind: Any, path: str = "") -> str | None:
    """The first key that no field has. The domain's dataclasses cannot be told to forbid extra keys."""
    if isinstance(kind, types.UnionType):
        kinds = [k for k in typing.get_args(kind) if k is not types.NoneType]
        return _unknown_keys(value, kinds[0], path) if len(kinds) == 1 and value is not None else None
    if typing.get_origin(kind) is tuple and isinstance(value, list):
        item = typing.get_args(kind)[0]
        found = (_unknown_keys(v, item, f"{path}.{n}".strip(".")) for n, v in enumerate(value))
        return next((f for f in found if f), None)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        for key, inner in value.items():
            where = f"{path}.{key}".strip(".")
            if key not in hints:
                return where
            deeper = _unknown_keys(inner, hints[key], where)
            if deeper:
                return deeper
    return None
