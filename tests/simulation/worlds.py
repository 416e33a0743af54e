"""Small worlds for simulations: borrowers of one kind whose every answer is certain, and ladders as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.ids import LoanId
from recourse.domain.law.rule import Collector
from recourse.domain.strategy.ladder import Strategy
from recourse.packs.behaviours import Behaviour, Kind, Named, Number, installed_behaviours
from recourse.packs.loader import Place, load_packs
from recourse.packs.strategies import load_strategy
from recourse.simulation.life import Life, Onlooker
from recourse.simulation.loans import Loan
from recourse.simulation.model import Model
from recourse.simulation.tally import Figures, Tally
from recourse.simulation.trial import Trial, Window

FIRST = date(2027, 3, 1)
YEAR = Window(FIRST, date(2028, 2, 29))
_SEND = (
    "  - {{id: {0}_{1}, kind: remind, stage: reminder, day: {1}, channel: {0}, template: reminder_friendly}}"
)
_RING = "  - {{id: ring_{0}, kind: task, stage: agent, day: 2, channel: call, task: call, team: agents, {1}}}"
PUSHY = "\n".join(
    [
        'id: pushy\nversion: "1"\nregion: US\nbuckets: [{name: all, from_dpd: 0}]\npromise: {}\nsteps:',
        *(_SEND.format(channel, day) for day in (2, 3) for channel in ("sms", "email")),
        *(_RING.format(number, "tries: 30, every_days: 0") for number in (1, 2)),
    ]
)
"""More than any law permits."""


def sure(value: float) -> Number:
    return Number(value, "test")


def says(**chances: float) -> tuple[Named, ...]:
    return tuple(Named(outcome, chance, "test") for outcome, chance in chances.items())


def behaviour(country: str = "CN", *, consents: bool = True, **changed: Any) -> Behaviour:
    """One kind of borrower, who does nothing at all if `changed` (numbers, or `says`) does not say so."""
    installed = installed_behaviours()[country]
    given: dict[str, Any] = dict.fromkeys(set(Kind.__dataclass_fields__) - {"name", "says"}, sure(0))
    given |= {"name": "only", "says": (), "share": sure(1), "misses_behind": sure(1)}
    given |= {name: value if isinstance(value, tuple) else sure(value) for name, value in changed.items()}
    kind = Kind(**given)
    book = replace(
        installed.book, email=sure(consents), sms=sure(consents), tracker=sure(consents), late=sure(0)
    )
    desk = tuple(Named(kind, 1, "test") for kind in ("locate_by_hand", "propose_legal", "approve_legal"))
    return replace(installed, kinds=(kind,), book=book, desk=desk)


def late_loan(days: int = 1, *, left: int = 0, name: str = "L-1") -> Loan:
    """One installment unpaid, due `days` before the window."""
    due = date.fromordinal(FIRST.toordinal() - days)
    return Loan(LoanId(name), 50_000, 28, 2, left, Arrears((Installment(1, due, 50_000, 50_000),)))


def trial(strategy: Strategy | str = "CN", region: str | None = None) -> Trial:
    """strategy: itself, its text, or a country whose default it is."""
    installed = load_packs()
    if isinstance(strategy, str):
        is_text = "\n" in strategy
        strategy = load_strategy("test", strategy) if is_text else installed.default_strategy(strategy)
    where = region or strategy.region
    return Trial.of(strategy, Place(where, where, Collector.CREDITOR, "auto_loan"), installed)


def live(
    loan: Loan, tried: Trial, model: Behaviour, *, seed: int = 1, onlooker: Onlooker | None = None
) -> tuple[Figures, Tally]:
    tally = Tally()
    life = Life(loan, tried, Model.of(model), YEAR, seed, tally, onlooker or Onlooker())
    return life.run(), tally
