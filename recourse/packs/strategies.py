"""Strategies from YAML: a step that dangles or can never run is an error."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from recourse.domain.positions import LocationPurpose
from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import (
    AgreementRule,
    PromiseRule,
    PullBack,
    PullForward,
    Step,
    StepKind,
    Stop,
    Strategy,
)
from recourse.packs.render import LANGUAGES, missing_texts
from recourse.packs.strict import Bounds, PackError, check_bounds, read_yaml, validate


def load_strategy_file(path: Path) -> Strategy:
    return load_strategy(str(path), path.read_text(encoding="utf-8"))


def load_strategies(folder: Path, installed: Container[str]) -> dict[str, Strategy]:
    """Every `*.yaml` of a folder, by `id@version`. Raises PackError; also for a version that is installed: a
    case pinned to it would go on by another ladder."""
    if not folder.is_dir():
        raise PackError(f"{folder}: no such folder; give the path of one with a YAML file a strategy")
    found: dict[str, Strategy] = {}
    for file in sorted(folder.glob("*.yaml")):
        strategy = load_strategy_file(file)
        if strategy.name in installed or strategy.name in found:
            raise PackError(f"{file}: version: {strategy.name} is installed already; give it a new version")
        found[strategy.name] = strategy
    return found


def load_strategy(name: str, text: str) -> Strategy:
    """Raises PackError."""
    value = read_yaml(name, text)
    if isinstance(value, dict) and isinstance(value.get("buckets"), list):
        value = value | {"buckets": {"buckets": value["buckets"]}}
    strategy: Strategy = validate(name, value, Strategy)
    known: set[str] = {step.id for step in strategy.steps}
    if len(known) != len(strategy.steps):
        raise PackError(f"{name}: steps: an id stands twice; give each step its own")
    segments = {segment.id for segment in strategy.segments}
    if len(segments) != len(strategy.segments):
        raise PackError(f"{name}: segments: an id stands twice; give each segment its own")
    _check_languages(name, strategy)
    _check_numbers(name, strategy)
    for step in strategy.steps:
        _check_step(name, step, known, strategy.languages)
        _check_names(f"{name}: steps.{step.id}", "segment", (*step.only, *step.unless), segments)
    triggers: list[PullForward | PullBack] = [*strategy.triggers.forward, *strategy.triggers.back]
    for trigger in triggers:
        _check_trigger(name, trigger, strategy)
    for stop in strategy.stop:
        _check_stop(name, stop, strategy)
    _check_order(name, strategy)
    return strategy


def _check_languages(name: str, strategy: Strategy) -> None:
    strange = [language for language in strategy.languages if language not in LANGUAGES]
    if strange or "en" not in strategy.languages:
        raise PackError(f"{name}: languages: en, and any of {', '.join(LANGUAGES)} beside it")


_DAYS, _SOME_DAYS, _PERCENT = (0, None), (1, None), (1, 100)
_BOUNDS: Mapping[type, Bounds] = {
    Step: {
        "day": _DAYS,
        "tries": (1, None),
        "every_days": _DAYS,
        "wait_days": _DAYS,
        "expires_days": _SOME_DAYS,
    },
    PullForward: {"to_day": _DAYS},
    PullBack: {"days": _SOME_DAYS, "min_percent": (0, 100)},
    PromiseRule: {"min_percent": _PERCENT, "grace_days": _DAYS, "max_days_ahead": _DAYS},
    AgreementRule: {"min_percent": _PERCENT, "grace_days": _DAYS, "booking_days": _SOME_DAYS},
}
"""Least and most. Beyond them a promise of nothing is kept, or a task ends before it begins."""


def _check_numbers(name: str, strategy: Strategy) -> None:
    numbered: dict[str, Any] = {f"steps.{step.id}": step for step in strategy.steps}
    numbered |= {f"triggers.forward.{pull.id}": pull for pull in strategy.triggers.forward}
    numbered |= {f"triggers.back.{pull.id}": pull for pull in strategy.triggers.back}
    numbered |= {"promise": strategy.promise, "agreement": strategy.agreement}
    for where, what in numbered.items():
        check_bounds(f"{name}: {where}", what, _BOUNDS[type(what)])


def _check_step(name: str, step: Step, known: set[str], languages: tuple[str, ...]) -> None:
    where = f"{name}: steps.{step.id}"
    if step.errand is not None:
        raise PackError(f"{where}.errand: only a legal action asks for one; leave it out")
    named = [*step.requires, step.fallback_for, step.proposal, step.approval]
    _check_names(where, "step", (other for other in named if other is not None), known)
    needs = {
        StepKind.REMIND: ("channel", "template"),
        StepKind.TASK: ("task", "team"),
        StepKind.LOCATE: ("purpose",),
        StepKind.HANDOVER: ("proposal", "approval"),
    }[step.kind]
    for field in needs:
        if getattr(step, field) is None:
            raise PackError(f"{where}.{field}: a step of kind {step.kind} needs it")
    if step.purpose is not None and step.purpose not in set(LocationPurpose):
        raise PackError(f"{where}.purpose: one of {', '.join(LocationPurpose)}")
    missing = missing_texts(step.template or "", step.channel or "", languages)
    if step.letter and step.channel is not Channel.EMAIL:
        raise PackError(f"{where}.letter: goes along with an e-mail only; leave it out")
    if step.letter:
        missing += missing_texts(step.template or "", Channel.LETTER, languages)
    if step.kind is StepKind.REMIND and missing:
        raise PackError(f"{where}.template: there is no {' or '.join(missing)}; add it to the pack")
    if step.kind is StepKind.HANDOVER and step.proposal == step.approval:
        raise PackError(f"{where}.approval: must be another step than the proposal; two persons decide")
    if step.until is not None and step.until < step.day:
        raise PackError(f"{where}.until: lies before its day; the step could never run")
    if step.move not in {None, step.begins}:
        raise PackError(f"{where}.move: a {step.task or step.kind} begins {step.begins}; leave this out")


def _check_names(where: str, what: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise PackError(f"{where}: names the {what} {name}, which is not on the ladder")


def _check_trigger(name: str, trigger: PullForward | PullBack, strategy: Strategy) -> None:
    kind = "forward" if isinstance(trigger, PullForward) else "back"
    where = f"{name}: triggers.{kind}.{trigger.id}"
    _check_names(where, "step", trigger.steps, {step.id for step in strategy.steps})
    _check_names(where, "stage", trigger.stages, {step.stage for step in strategy.steps})
    if not trigger.steps and not trigger.stages:
        raise PackError(f"{where}: moves nothing; name steps or stages")


def _check_stop(name: str, stop: Stop, strategy: Strategy) -> None:
    where = f"{name}: stop.{stop.id}"
    _check_names(where, "step", [stop.hand_to], {step.id for step in strategy.steps})
    if strategy.step(stop.hand_to).kind is not StepKind.TASK:
        raise PackError(f"{where}.hand_to: must be a task; a person decides what becomes of the case")


def _check_order(name: str, strategy: Strategy) -> None:
    """No circle of requirements and fallbacks, or its steps would wait for each other for ever."""
    waits = {s.id: {*s.requires, *([s.fallback_for] if s.fallback_for else [])} for s in strategy.steps}
    while free := [step for step, others in waits.items() if not others & set(waits)]:
        for step in free:
            del waits[step]
    if waits:
        raise PackError(f"{name}: steps: {', '.join(sorted(waits))} wait for each other; break the circle")
