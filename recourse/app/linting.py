"""What the linter of ladders has to know of this house, and where a ladder is to be lawful."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from recourse.domain.dispositions import DISPOSITIONS, KINDS, allowed_outcomes
from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import Strategy
from recourse.domain.strategy.lint import Finding, House, lint
from recourse.packs.laws import chain
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
        sent=frozenset({Channel.EMAIL, Channel.SMS}),
        passages=passages,
    )


def regions_of(strategy: Strategy, book: PackBook) -> list[str]:
    """Where cases on the ladder may be: its region, and each place whose law lies over that region's."""
    own = chain(book.laws, strategy.region)
    layered = [
        law.id
        for law in book.laws.values()
        if own and own[-1] in chain(book.laws, law.id) and law is not own[-1]
    ]
    return [strategy.region, *sorted(layered)]


def lint_at(strategy: Strategy, book: PackBook, regions: Iterable[str], on: date) -> tuple[Finding, ...]:
    """on: the day whose rules are asked. Whoever collects whatever: every rule is asked."""

    def packs(region: str) -> tuple[LawPack, ...]:
        return book.packs_for(Place(region, region), on)

    return lint(strategy, [(region, packs(region)) for region in regions], house())
