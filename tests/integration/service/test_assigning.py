"""Champion and challenger: assigned once, with all loans of a person, and never by another country's law."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from recourse.contracts.messages import StepCommand
from recourse.delivery import Delivery
from recourse.domain.law.rule import Collector
from recourse.domain.situation import HoldReason
from recourse.domain.strategy.experiment import Arm, Experiment, UnitKind, arm_of
from recourse.packs.loader import PackBook, load_packs
from recourse.reading.experiments import results
from recourse.service.noting import HoldRequest, place_hold
from recourse.service.reminding import claim
from tests.events import overdue, payment, snapshot
from tests.integration.conftest import LENDERS, World
from tests.integration.service.conftest import NOON, OpenCase

OLD = load_packs().strategy("cn_auto@2026-11-27")
NEW = replace(OLD, version="2027", steps=OLD.steps[1:])
TRY = Experiment(
    id="try",
    region="CN",
    effective_from=date(2026, 11, 1),
    effective_to=date(2026, 11, 30),
    salt="s",
    holdout=Arm("holdout", OLD.name, 5000),
    arms=(Arm("challenger", NEW.name, 5000),),
)


def _book(experiment: Experiment) -> PackBook:
    book = load_packs()
    return replace(book, strategies=book.strategies | {NEW.name: NEW}, experiments=(experiment,))


def _with(world: World, experiment: Experiment) -> World:
    services = replace(world.services, book=_book(experiment))
    return replace(world, services=services, delivery=Delivery(services, world.runs))


@pytest.fixture
def tried(world: World) -> World:
    world.set_now(NOON)
    return _with(world, TRY)


async def _overdue(world: World, loan: str, person: str | None = None, *, region: str = "CN") -> None:
    known = [snapshot(loan, at=NOON, person=person, region=region)] if person else []
    await world.delivery.accept([*known, overdue(loan, at=NOON, days=3, region=region)])


async def _arms(world: World) -> dict[str, str | None]:
    return {r["loan_id"]: r["arm"] for r in await world.rows("SELECT loan_id, arm FROM collection_case")}


def _dealt(person: str) -> str:
    return arm_of(TRY, person).name


async def test_each_person_is_opened_under_the_ladder_of_his_arm(tried: World) -> None:
    for n in range(12):
        await _overdue(tried, f"L-{n}", f"C-{n}")
    rows = await tried.rows("SELECT loan_id, strategy, experiment, arm FROM collection_case")
    ladders = {"holdout": OLD.name, "challenger": NEW.name}
    assert {_dealt(f"C-{n}") for n in range(12)} == set(ladders)
    for row in rows:
        arm = _dealt(row["loan_id"].replace("L", "C"))
        assert (row["experiment"], row["arm"], row["strategy"]) == ("try", arm, ladders[arm])
    reasons = await tried.rows("SELECT reason FROM step WHERE event = 'opened'")
    assert {r["reason"].partition("; ")[2] for r in reasons} == {"try: holdout", "try: challenger"}


async def test_all_loans_of_a_person_are_in_one_arm_in_one_batch_and_later(tried: World) -> None:
    both = [e for n in (1, 2) for e in (snapshot(f"L-{n}", at=NOON, person="C"), overdue(f"L-{n}", at=NOON))]
    await tried.delivery.accept(both)
    await _overdue(tried, "L-3", "C")
    assert await _arms(tried) == dict.fromkeys(["L-1", "L-2", "L-3"], _dealt("C"))
    assert await tried.rows("SELECT unit_kind, unit_id, shares FROM assignment") == [
        {"unit_kind": "person", "unit_id": "C", "shares": {"holdout": 5000, "challenger": 5000}}
    ]


async def test_who_was_not_known_takes_over_the_arm_of_his_loan(tried: World) -> None:
    loan = next(f"L-{n}" for n in range(99) if _dealt(f"L-{n}") != _dealt("C"))
    await _overdue(tried, loan)
    await tried.delivery.accept([snapshot(loan, at=NOON, person="C")])
    await _overdue(tried, "L-other", "C")
    assert await _arms(tried) == dict.fromkeys([loan, "L-other"], _dealt(loan))
    inherited = "SELECT unit_kind FROM assignment WHERE inherited"
    assert await tried.rows(inherited) == [{"unit_kind": "person"}]


async def test_changed_shares_move_nobody_who_is_assigned(tried: World) -> None:
    await _overdue(tried, "L-1", "C")
    before, after = _dealt("C"), {"holdout": 1, "challenger": 9999}
    if before == "challenger":
        after = {"holdout": 9999, "challenger": 1}
    arms = [replace(arm, share=after[arm.name]) for arm in TRY.all_arms]
    turned = _with(tried, replace(TRY, holdout=arms[0], arms=(arms[1],)))
    await _overdue(turned, "L-2", "C")
    assert await _arms(turned) == {"L-1": before, "L-2": before}


async def test_a_loan_of_another_law_or_another_day_is_no_part_of_it(tried: World) -> None:
    await _overdue(tried, "L-us", "C-us", region="US")
    tried.set_now(NOON + timedelta(days=60))
    await tried.delivery.accept([overdue("L-late", at=NOON + timedelta(days=60))])
    rows = await tried.rows("SELECT strategy, arm FROM collection_case ORDER BY loan_id")
    default = tried.services.book.default_strategy("CN").name
    assert rows == [{"strategy": default, "arm": None}, {"strategy": "us_auto@2026-11-27", "arm": None}]
    assert default == OLD.name
    assert await tried.scalar("SELECT count(*) FROM assignment") == 0


async def test_who_collects_for_another_tries_no_ladder_of_a_creditor(world: World) -> None:
    world.set_now(NOON)
    own = replace(NEW, collectors=frozenset({Collector.CREDITOR}))
    book = replace(_book(TRY), strategies=_book(TRY).strategies | {own.name: own})
    agencies = {key: replace(one, collector=Collector.THIRD_PARTY) for key, one in LENDERS.items()}
    for number, lenders in enumerate((LENDERS, agencies)):
        services = replace(world.services, book=book, lenders=lenders)
        here = replace(world, services=services, delivery=Delivery(services, world.runs))
        await _overdue(here, f"L-{number}", f"C-{number}")
    arms = await _arms(world)
    assert arms["L-0"] is not None
    assert arms["L-1"] is None


async def test_loans_may_be_assigned_each_by_itself(tried: World) -> None:
    each = _with(tried, replace(TRY, unit=UnitKind.LOAN))
    for n in range(6):
        await _overdue(each, f"L-{n}", "C")
    assert await _arms(each) == {f"L-{n}": _dealt(f"L-{n}") for n in range(6)}


async def test_two_consumers_with_two_loans_of_a_person_agree(tried: World) -> None:
    await tried.delivery.accept([snapshot(f"L-{n}", at=NOON, person="C") for n in range(2)])
    await asyncio.gather(*(_overdue(tried, f"L-{n}") for n in range(2)))
    assert set((await _arms(tried)).values()) == {_dealt("C")}
    assert await tried.scalar("SELECT count(*) FROM assignment") == 1


async def test_results_are_counted_by_the_arm_a_case_was_opened_under(tried: World) -> None:
    people = [f"C-{n}" for n in range(8)]
    for person in people:
        await _overdue(tried, person.replace("C", "L"), person)
    paid, angry, texted = people[0], people[1], people[2]
    await tried.delivery.accept([payment(paid.replace("C", "L"), at=NOON + timedelta(minutes=1))])
    request = HoldRequest(HoldReason.COMPLAINT, "lead-1", "letter", person_id=angry)  # type: ignore[arg-type]
    await tried.delivery.note(lambda unit: place_hold(unit, request))
    case = OpenCase(tried, f"case-{texted.replace('C', 'L')}-1")
    plan = await case.decide()
    tried.set_now(plan.due_at or pytest.fail("no due"))
    await tried.services.run(lambda unit: claim(unit, StepCommand(case.id, plan.step_id or "", plan.number)))
    await tried.execute("UPDATE contact_attempt SET state = 'sent'")
    async with tried.services.database.reading() as tx:
        found = await results(tx, "try")
    size = Counter(_dealt(person) for person in people)
    assert {arm.arm: (arm.units, arm.cases) for arm in found.arms} == {a: (n, n) for a, n in size.items()}
    by_arm = {arm.arm: arm for arm in found.arms}
    assert {a: arm.open for a, arm in by_arm.items()} == size - Counter([_dealt(paid)])
    for name, arm in by_arm.items():
        cured, complained = int(_dealt(paid) == name), int(_dealt(angry) == name)
        assert arm.cured is not None
        assert arm.complained is not None
        assert (arm.cured.value, arm.complained.value) == (cured / size[name], complained / size[name])
        assert arm.holds == ({"complaint": 1} if complained else {})
        assert arm.contacts == int(_dealt(texted) == name)
        money = arm.collected["CNY"]
        assert money is not None
        assert money.value == pytest.approx(352017 * cured / size[name])
    assert not found.suspect


async def test_arms_that_lost_people_beyond_chance_are_suspect(tried: World) -> None:
    await tried.execute(
        "INSERT INTO assignment (experiment, unit_kind, unit_id, arm, strategy, shares, inherited, at) "
        "SELECT 'try', 'person', 'C-' || n, CASE WHEN n <= 400 THEN 'holdout' ELSE 'challenger' END, 's', "
        """'{"holdout": 5000, "challenger": 5000}', false, now() FROM generate_series(1, 1000) AS n"""
    )
    async with tried.services.database.reading() as tx:
        found = await results(tx, "try")
    assert found.suspect
    assert {arm.arm: arm.units for arm in found.arms} == {"holdout": 400, "challenger": 600}
