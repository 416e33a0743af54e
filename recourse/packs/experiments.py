"""Experiments from YAML: what could not be fair, lawful or told apart is an error, never a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from recourse.domain.strategy.experiment import WHOLE, Experiment
from recourse.domain.strategy.ladder import Strategy
from recourse.packs.strict import PackError, read_yaml, validate


@dataclass(frozen=True, slots=True)
class _File:
    experiments: tuple[Experiment, ...]


def load_experiments(path: Path, strategies: Mapping[str, Strategy]) -> tuple[Experiment, ...]:
    """strategies: all that are installed, by `id@version`. Raises PackError."""
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: cannot be read; give the path of a file of experiments in YAML") from error
    file: _File = validate(name, read_yaml(name, text), _File)
    ids = [experiment.id for experiment in file.experiments]
    if len(set(ids)) < len(ids):
        raise PackError(f"{name}: experiments: an id stands twice; its assignments could not be told apart")
    for experiment in file.experiments:
        _check(f"{name}: experiments.{experiment.id}", experiment, strategies)
    for one, other in combinations(file.experiments, 2):
        if one.overlaps(other):
            raise PackError(
                f"{name}: experiments: {one.id} and {other.id} both want the cases of {one.region} on some "
                "day; end one (effective_to) before the other begins"
            )
    return file.experiments


def _check(where: str, experiment: Experiment, strategies: Mapping[str, Strategy]) -> None:
    if experiment.effective_to is not None and experiment.effective_to < experiment.effective_from:
        raise PackError(f"{where}.effective_to: lies before effective_from")
    if not experiment.arms:
        raise PackError(f"{where}.arms: none; name what is tried against the holdout")
    arms = experiment.all_arms
    if len(experiment.shares) < len(arms):
        raise PackError(f"{where}.arms: a name stands twice; give each arm its own")
    if any(arm.share < 1 for arm in arms) or sum(arm.share for arm in arms) != WHOLE:
        raise PackError(
            f"{where}: share: basis points, each 1 or more and {WHOLE} together with the holdout's"
        )
    for arm in arms:
        strategy = strategies.get(arm.strategy)
        if strategy is None:
            known = ", ".join(sorted(strategies))
            raise PackError(f"{where}.{arm.name}.strategy: {arm.strategy} is not installed (have: {known})")
        if strategy.region != experiment.region:
            raise PackError(
                f"{where}.{arm.name}.strategy: {arm.strategy} is made for the law of {strategy.region}, the "
                f"experiment for {experiment.region}; an experiment stays within one law"
            )
