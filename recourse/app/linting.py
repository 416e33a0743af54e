"""What the linter of ladders has to know of this house, and where a ladder is to be lawful."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from recourse.domain.dispositions import DISPOSITIONS, KINDS, allowed_outcomes
from recourse.domain.law.rule import Collector
from recourse.domain.situation import SENT
from recourse.domain.strategy.ladder import Strategy
from recourse.domain.strategy.lint import Finding, House, lint
from recourse.packs.laws import chain, law_at
from recourse.packs.loader import PackBook, Place
from recourse.packs.render import passages
from recourse.service.answering import CALLS
from recourse.service.permitting import ROLES


def house() -> House:
    return House(
        teams=frozenset(ROLES),
        outcomes={kind: allowed_outcomes(kind) for kind in KINDS},
        repeated=frozenset(code for code, disposition in DISPOSITIONS.items() if disposition.retry),
        contacts=CALLS,
        sent=SENT,
        passages=passages,
    )


def regions_of(strategy: Strategy, book: PackBook) -> list[str]:
    """Where cases on the ladder may be: its region, and each place whose law lies over that region's. A
    region whose rules do not suffice alone is no place of its own."""
    own = law_at(book.laws, strategy.region)
    layered = [
        law.id
        for law in book.laws.values()
        if own is not None and own in chain(book.laws, law.id) and law is not own
    ]
    alone = own is None or own.alone
    return [*([strategy.region] if alone else []), *sorted(layered)]


def lint_at(strategy: Strategy, book: PackBook, regions: Iterable[str], on: date) -> tuple[Finding, ...]:
    """on: the day whose rules are asked: those for whom the ladder is for, whatever he collects."""
    collectors: list[Collector | None] = [*sorted(strategy.collectors)] or [None]
    places = [Place(region, region, collector) for region in regions for collector in collectors]
    return lint(strategy, [(place.borrower, book.packs_for(place, on)) for place in places], house())
