"""Strategies from YAML: a step that dangles or can never run is an error."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.packs.render import missing_texts
from recourse.packs.strict import PackError, read_yaml, validate


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
