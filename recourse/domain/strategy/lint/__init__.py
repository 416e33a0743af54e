"""The linter: what a ladder can never do, whatever happens to a debt. Pure; nothing is sent or stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recourse.domain.law.rules import LawPack
from recourse.domain.strategy.ladder import Strategy
from recourse.domain.strategy.lint import days, house, lawful, notices
from recourse.domain.strategy.lint.finding import Code, Finding, House, Level

__all__ = ["Code", "Finding", "House", "Level", "lint"]


def lint(
    strategy: Strategy, places: Iterable[tuple[str, tuple[LawPack, ...]]], known: House
) -> tuple[Finding, ...]:
    """Each finding once, in the order of the ladder. places: every region the ladder is for, with the packs
    in force there; none where no law is known, so that nothing would be permitted."""
    found = dict.fromkeys([*days.findings(strategy, known), *house.findings(strategy, known)])
    for region, packs in places:
        found |= dict.fromkeys(_at(strategy, region, packs, known))
    order = {step.id: number for number, step in enumerate(strategy.steps)}
    return tuple(sorted(found, key=lambda finding: order.get(finding.step, -1)))


def _at(strategy: Strategy, region: str, packs: tuple[LawPack, ...], known: House) -> Iterator[Finding]:
    if not packs:
        yield Finding(
            Code.NO_LAW_PACK,
            "",
            f"there is no law pack for {region}: nobody there would be contacted",
            "add the pack (docs/law.md), or leave the region out",
        )
        return
    yield from lawful.findings(strategy, packs, known)
    yield from notices.findings(strategy, packs)
