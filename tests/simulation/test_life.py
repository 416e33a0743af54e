"""One loan through a year: what must hold whatever the strategy, and whatever the borrower is like."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Close, DoStep
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.law.verdict import AccelerationEffect, ContactEffect, Effect
from recourse.domain.situation import Attempt, Situation, StepOutcome
from recourse.packs.behaviours import installed_behaviours
from recourse.packs.loader import PackBook, load_packs
from recourse.simulation.life import Decided, Onlooker
from recourse.simulation.loans import InventedBook
from recourse.simulation.trial import Trial
from tests.law.naive import breaches
from tests.simulation.worlds import FIRST, PUSHY, YEAR, behaviour, late_loan, live, says, trial


def test_nobody_answers_and_nobody_pays_so_the_ladder_goes_to_the_handover() -> None:
    steps: list[tuple[str, int]] = []

    def note(decided: Decided) -> None:
        plan = decided.decision.plan
        if isinstance(plan, DoStep) and plan.due_at <= decided.now:
            steps.append((plan.step_id, decided.decision.dpd))

    figures, tally = live(late_loan(), trial(), behaviour(), onlooker=Onlooker(decided=note))
    first = dict(reversed(steps))
    wanted = load_packs().default_strategy("CN")
    aside = {stop.hand_to for stop in wanted.stop} | {s.id for s in wanted.steps if s.fallback_for or s.only}
    originals = {s.id: s.day for s in wanted.steps if s.id not in aside}
    originals["locate_vehicle"] = 8  # brought forward: it is the very first installment that is unpaid
    assert {step: first[step] for step in originals} == originals | {"handover": first["handover"]}
    assert originals["handover"] <= first["handover"] <= originals["handover"] + 2
    assert (figures.handovers, figures.paid, figures.cured) == (1, 0, 0)
    assert tally.closed == {"legal_concluded": 1}
    assert figures.unpaid_at_end == 50_000


def test_who_always_pays_at_once_is_contacted_at_most_once_a_delinquency() -> None:
    model = behaviour(misses=1, heeds_message=1, pays_in_full=1)
    model = replace(model, delays=replace(model.delays, heeds_days=replace(model.delays.heeds_days, value=1)))
    seen: dict[int, tuple[datetime, ...]] = {}

    def note(decided: Decided) -> None:
        seen[decided.situation.case.episode] = (
            *decided.situation.earlier_episodes,
            decided.situation.case.opened_at,
        )

    figures, tally = live(late_loan(left=6), trial(), model, onlooker=Onlooker(decided=note))
    assert all(seen[number] == tuple(seen[n][-1] for n in range(1, number + 1)) for number in range(1, 8))
    assert figures.cured == tally.flow["", "reminder"] == 7
    assert figures.contacts == 7
    assert figures.paid == 7 * 50_000
    assert figures.unpaid_at_end == 0


def test_who_pays_in_time_is_never_contacted() -> None:
    figures, tally = live(
        replace(late_loan(left=11), arrears=late_loan().arrears.of([])), trial(), behaviour()
    )
    assert figures.contacts == tally.decisions == 0


@pytest.mark.parametrize("country", ["CN", "US"])
def test_each_decision_is_the_one_that_decide_gives_by_hand(country: str) -> None:
    """With the rules of that day as production finds them, and the account that the money paid leaves."""
    seen: list[Decided] = []
    installed, tried = load_packs(), trial(country)
    model = installed_behaviours()[country]
    zone = ZoneInfo(model.lender_zone)
    for loan in InventedBook(model.book, 3, FIRST, range(1, 16)):
        live(loan, tried, model, onlooker=Onlooker(decided=seen.append))
    assert len(seen) > 50
    for decided in seen:
        day = decided.now.astimezone(zone).date()
        rules = installed.rules(tried.strategy.name, tried.place, day)
        assert rules == decided.rules
        assert decide(decided.situation, rules, decided.now) == decided.decision


@pytest.mark.parametrize("country", ["CN", "US"])
def test_money_paid_is_arrears_cured(country: str) -> None:
    """What fell due unpaid is either paid or still unpaid, to the cent."""
    model, tried = installed_behaviours()[country], trial(country)
    for loan in InventedBook(model.book, 5, FIRST, range(1, 60)):
        owed: dict[int, int] = {i.number: i.unpaid_minor for i in loan.arrears.installments}
        paid_in_cases: dict[str, int] = {}

        def note(d: Decided, owed: dict[int, int] = owed, paid: dict[str, int] = paid_in_cases) -> None:
            for item in d.situation.account.arrears.installments:
                owed.setdefault(item.number, item.due_minor)
            paid[d.situation.case.id] = sum(p.amount_minor for p in d.situation.account.payments)
            if isinstance(d.decision.plan, Close) and d.decision.plan.reason == "cured":
                assert not d.situation.account.arrears

        figures, tally = live(loan, tried, model, onlooker=Onlooker(decided=note))
        assert figures.paid == sum(paid_in_cases.values()) == sum(tally.paid_by_month.values())
        assert figures.paid + figures.unpaid_at_end == figures.fell_behind == sum(owed.values())


@pytest.mark.parametrize(
    ("region", "wanted"), [("US-MA", "ma_contacts_2_in_7"), ("US", "us_wait_after_conversation")]
)
def test_a_pushy_ladder_is_kept_within_the_law_by_an_independent_count(region: str, wanted: str) -> None:
    history: dict[tuple[datetime, str], Attempt] = {}
    made: list[str] = []

    def check(effect: Effect, s: Situation, rules: Rules, now: datetime) -> None:
        if isinstance(effect, ContactEffect):
            for attempt in s.attempts:  # what is forgotten by the ledger is remembered here
                known = replace(attempt, person_id=PersonId("borrower"), loan_id=LoanId("L-1"))
                history[attempt.at, attempt.channel] = known
            number, zones = effect.contact_point_id, s.parties[0].zones
            made.append(effect.channel)
            assert breaches(region, effect.channel, number, zones, list(history.values()), now) == []

    model = behaviour("US", misses=1, answers=0.5, pays_unasked=0.02, says=says(refuses=0.5, callback=0.5))
    refused: set[str] = set()
    for number in range(6):
        history.clear()
        loan = late_loan(left=8, name=f"L-{number}")
        _, tally = live(loan, trial(PUSHY, region), model, onlooker=Onlooker(allowed=check))
        refused |= {rule for _, rule, _, _ in tally.refusals}
        assert tally.breaches_avoided > 0
    assert wanted in refused
    assert {"call", "sms", "email"} <= set(made)


def test_the_shipped_ladders_break_nothing_either() -> None:
    for country in ("CN", "US"):
        model, tried = installed_behaviours()[country], trial(country)

        def check(effect: Effect, s: Situation, rules: Rules, now: datetime, place: str = country) -> None:
            if isinstance(effect, ContactEffect):
                history = [
                    replace(a, person_id=PersonId("borrower"), loan_id=LoanId("L-1")) for a in s.attempts
                ]
                number, zones = effect.contact_point_id, s.parties[0].zones
                assert breaches(place, effect.channel, number, zones, history, now) == []

        for loan in InventedBook(model.book, 11, FIRST, range(1, 80)):
            live(loan, tried, model, onlooker=Onlooker(allowed=check))


def test_the_law_is_that_of_each_virtual_day() -> None:
    """Consent is wanted from the first of June on: texts go out until the last of May, and none after it."""
    begins, sent = date(2027, 6, 1), []
    installed = load_packs()
    cn = installed.laws["CN"]
    later = replace(cn, consent=tuple(replace(rule, effective_from=begins) for rule in cn.consent))
    book = PackBook(installed.laws | {"CN": later}, installed.strategies)
    usual = trial()

    def note(effect: Effect, s: Situation, rules: Rules, now: datetime) -> None:
        if isinstance(effect, ContactEffect) and effect.channel in {"sms", "email"}:
            sent.append(now.astimezone(ZoneInfo("Asia/Shanghai")).date())

    tried = Trial.of(usual.strategy, usual.place, book)
    model = behaviour(consents=False, misses=1, pays_unasked=0.1)
    _, tally = live(late_loan(left=11), tried, model, onlooker=Onlooker(allowed=note))
    assert max(sent) < begins < YEAR.last
    assert tally.refusals["no_consent", "cn_consent", cn.name, cn.consent[0].source.title] > 0


def test_what_waited_for_a_broken_promise_is_done_on_the_broken_one() -> None:
    """The gate is asked with what stands then, and not with the promise that has just been judged."""
    located = 0
    for number in range(12):
        loan = late_loan(13, name=f"L-{number}")
        _, tally = live(loan, trial(), behaviour(answers=1, says=says(promise=1)))
        assert tally.promises["broken"] > 0
        assert "promise_pending" not in {code for code, *_ in tally.refusals}
        located += tally.cost_milli["locate"] > 0
    assert located == 12


def test_a_dispute_stops_contacts_until_it_is_lifted() -> None:
    contacts: list[datetime] = []

    def note(effect: Effect, s: Situation, rules: Rules, now: datetime) -> None:
        if isinstance(effect, ContactEffect):
            contacts.append(now)

    model = behaviour(answers=1, says=says(disputes=1))
    _, tally = live(late_loan(), trial(), model, onlooker=Onlooker(allowed=note))
    lifted = next(item.value for item in model.lifted_after if item.of == "dispute")
    gaps = [later - earlier for earlier, later in pairwise(contacts)]
    assert tally.holds["dispute"] == tally.contacts["call", "disputes"] > 0
    assert max(gaps) >= timedelta(days=lifted)


def test_a_kept_promise_cures_and_a_broken_one_lets_the_ladder_go_on() -> None:
    kept, of_kept = live(late_loan(), trial(), behaviour(answers=1, says=says(promise=1), keeps_promise=1))
    broken, of_broken = live(late_loan(), trial(), behaviour(answers=1, says=says(promise=1)))
    assert (kept.cured, kept.paid, of_kept.promises) == (1, 50_000, {"made": 1, "kept": 1})
    assert broken.cured == 0
    assert of_broken.promises["broken"] == of_broken.promises["made"] > 1


def test_a_dead_number_is_found_out_and_another_one_found() -> None:
    _, tally = live(late_loan(left=11), trial(), behaviour(misses=1, moves=40, pays_unasked=0.1))
    assert tally.contacts["call", "wrong_number"] > 0


def test_without_consent_nothing_is_sent_and_each_refusal_names_its_rule() -> None:
    figures, tally = live(late_loan(), trial(), behaviour(consents=False))
    assert not [channel for channel, _ in tally.contacts if channel in {"sms", "email"}]
    assert {(code, rule) for code, rule, _, _ in tally.refusals} >= {("no_consent", "cn_consent")}
    assert all(source and pack for code, _, pack, source in tally.refusals if code == "no_consent")
    assert tally.contacts["letter", "sent"] > 0
    assert figures.handovers == 1, "the demand was given on paper"


def test_the_ledger_given_to_a_decision_reaches_back_as_far_as_caps_can_see_and_no_further() -> None:
    oldest: list[timedelta] = []

    def note(decided: Decided) -> None:
        oldest.extend(decided.now - attempt.at for attempt in decided.situation.attempts)

    live(late_loan(left=11), trial(PUSHY, "US"), behaviour("US"), onlooker=Onlooker(decided=note))
    assert timedelta(days=30) < max(oldest) < timedelta(days=35)


def test_two_people_stand_behind_every_handover() -> None:
    by: set[str | None] = set()

    def note(decided: Decided) -> None:
        done = [r for r in decided.situation.steps if r.outcome is StepOutcome.DONE]
        by.update(r.by for r in done if r.step_id in {"propose_legal", "approve_legal"})

    live(late_loan(), trial(), behaviour(), onlooker=Onlooker(decided=note))
    assert len(by - {None}) == 2


def test_a_debt_is_called_due_through_the_gate_and_not_while_a_promise_is_open() -> None:
    """Both tasks open on one day; who is called first promises, and then nobody may call the debt due."""
    text = "\n".join(
        [
            'id: due\nversion: "1"\nregion: CN\nbuckets: [{name: all, from_dpd: 0}]\npromise: {}\nsteps:',
            "  - {id: demand, kind: remind, stage: field, day: 2, channel: email, template: formal_demand}",
            "  - {id: ring, kind: task, stage: field, day: 20, channel: call, task: call, team: agents}",
            "  - {id: review, kind: task, stage: field, day: 20, task: acceleration_review, team: legal,"
            " requires: [demand], wait_days: 16, expires_days: 10, positive: [accelerate]}",
        ]
    )
    asked: list[Effect] = []
    refused: Counter[str] = Counter()
    for number in range(12):
        onlooker = Onlooker(allowed=lambda effect, s, rules, now: asked.append(effect))
        loan = late_loan(1, name=f"L-{number}")
        _, tally = live(loan, trial(text), behaviour(answers=1, says=says(promise=1)), onlooker=onlooker)
        refused.update({code: count for (code, *_), count in tally.refusals.items()})
    assert refused["promise_pending"] > 0
    assert any(isinstance(effect, AccelerationEffect) for effect in asked)


def test_a_window_ends_at_the_last_midnight() -> None:
    seen: list[datetime] = []
    live(late_loan(left=11), trial(), behaviour(), onlooker=Onlooker(decided=lambda d: seen.append(d.now)))
    assert min(seen) >= datetime(2027, 2, 28, 16, tzinfo=UTC)
    assert max(seen) < datetime(2028, 2, 29, 16, tzinfo=UTC), "midnight in Shanghai is 16:00 UTC"
