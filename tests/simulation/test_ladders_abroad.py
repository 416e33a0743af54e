"""In the United Kingdom, India, Germany and Australia a borrower who never answers reaches a lawful handover.

Each ladder gives the notices that its law wants, early enough; the days are typed here once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from recourse.domain.decide import Rules
from recourse.domain.delinquency import Arrears
from recourse.domain.law.rule import Collector
from recourse.domain.law.verdict import Effect, HandoverEffect
from recourse.domain.situation import Situation, StepOutcome
from recourse.packs.behaviours import Behaviour, Named
from recourse.packs.loader import Place, load_packs
from recourse.simulation.life import Onlooker
from recourse.simulation.loans import Loan
from recourse.simulation.trial import Trial
from tests.simulation.worlds import behaviour, late_loan, live

GIVES = {
    "GB": {"uk_arrears_notice": 0, "uk_default_notice": 14},
    "IN-MH": {"formal_demand": 15},
    "DE": {"formal_demand": 15},
    "AU-VIC": {"au_default_notice": 30},
}
"""Whole days that each notice must have had before anything goes to the lawyers."""
AT = {"GB": "Europe/London", "IN-MH": "Asia/Kolkata", "DE": "Europe/Berlin", "AU-VIC": "Australia/Melbourne"}
MISSED_TWICE = 32
"""No second monthly payment can be missed before."""


def _model(region: str, *, consents: bool = True) -> Behaviour:
    usual = behaviour("US", consents=consents)
    return replace(usual, lender_zone=AT[region], zones=(Named(AT[region], 1, "test"),))


def _loan() -> Loan:
    """Of an amount that no ladder leaves to a person to look at."""
    usual = late_loan()
    unpaid = (replace(usual.arrears.installments[0], due_minor=900_000, unpaid_minor=900_000),)
    return replace(usual, arrears=Arrears(unpaid))


def _trial(region: str) -> Trial:
    installed = load_packs()
    place = Place(region, region, Collector.CREDITOR, "auto_loan")
    return Trial.of(installed.default_strategy(region, Collector.CREDITOR), place, installed)


def _day(at: datetime, region: str) -> date:
    return at.astimezone(ZoneInfo(AT[region])).date()


@pytest.mark.parametrize("region", sorted(GIVES))
def test_who_never_answers_is_handed_over_after_notices_that_were_given_in_time(region: str) -> None:
    given: list[tuple[int, dict[str, datetime], datetime]] = []

    def note(effect: Effect, s: Situation, rules: Rules, now: datetime) -> None:
        if isinstance(effect, HandoverEffect):
            done = {r.step_id: r.at for r in s.steps if r.outcome is StepOutcome.DONE}
            sent = {rules.strategy.step(step).template or "": at for step, at in done.items()}
            given.append((s.account.arrears.dpd(_day(now, region)), sent, now))

    loan = _loan()
    figures, tally = live(loan, _trial(region), _model(region), onlooker=Onlooker(allowed=note))
    assert (figures.handovers, figures.paid) == (1, 0)
    [(dpd, sent, now)] = given
    assert 60 <= dpd <= 100
    for template, days in GIVES[region].items():
        assert _day(sent[template], region) + timedelta(days=days) < _day(now, region), template
    assert tally.closed == {"legal_concluded": 1}
    if region == "GB":
        due = loan.arrears.installments[0].due_date
        assert 0 <= (_day(sent["uk_arrears_notice"], region) - due).days - MISSED_TWICE <= 2


@pytest.mark.parametrize("region", sorted(GIVES))
def test_who_agreed_to_nothing_is_handed_over_only_after_notices_on_paper(region: str) -> None:
    """And the post has its five days besides those of the law."""
    given: list[tuple[dict[str, datetime], datetime]] = []

    def note(effect: Effect, s: Situation, rules: Rules, now: datetime) -> None:
        if isinstance(effect, HandoverEffect):
            posted = {step.id: step.template for step in rules.strategy.steps if step.channel == "letter"}
            done = [r for r in s.steps if r.outcome is StepOutcome.DONE and r.step_id in posted]
            given.append(({posted[r.step_id] or "": r.at for r in done}, now))

    model = _model(region, consents=False)
    figures, tally = live(_loan(), _trial(region), model, onlooker=Onlooker(allowed=note))
    assert {channel for channel, _ in tally.contacts} & {"sms", "email"} == set()
    assert figures.handovers == 1
    [(posted, now)] = given
    for template, days in GIVES[region].items():
        wait = timedelta(days=days + 5 if days else 0)
        assert _day(posted[template], region) + wait < _day(now, region), template


@pytest.mark.parametrize("region", sorted(GIVES))
def test_who_cannot_be_written_to_at_all_is_not_handed_over(region: str) -> None:
    own = _trial(region)
    spoken = tuple(step for step in own.strategy.steps if step.channel != "letter")
    without = Trial.of(replace(own.strategy, steps=spoken), own.place, load_packs())
    figures, _ = live(_loan(), without, _model(region, consents=False))
    assert figures.handovers == 0


@pytest.mark.parametrize("region", sorted(GIVES))
def test_under_the_house_ladder_nothing_was_ever_handed_over_there(region: str) -> None:
    """Why each has a ladder of its own: what the house's gives is no notice of these laws."""
    mine = _trial(region)
    house = Trial.of(load_packs().default_strategy("US"), mine.place, load_packs())
    figures, _ = live(_loan(), house, _model(region))
    assert figures.handovers == 0
