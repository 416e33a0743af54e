"""A legal action on real rows: moves, papers, deadlines that wake somebody, and what the case does next."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.legal.action import NotMade
from recourse.domain.legal.terms import SaleKind, SaleTerms
from recourse.domain.permits import PermitKind
from recourse.domain.situation import HoldReason
from recourse.packs.recipients import recipients
from recourse.reading.bundle import laid_out
from recourse.reading.explaining import decisions, explained
from recourse.reading.legal_again import made_again
from recourse.service import noting, pursuing
from recourse.service.legal_moves import NewMove
from recourse.service.noting import HoldRequest, RequestReused, Unknown
from recourse.storage.dossier import dossier_document
from recourse.storage.legal_actions import MoveRow
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.integration.service.pursued import made, move, permitted, today

TASKS = "SELECT kind, state FROM agent_task WHERE kind LIKE 'legal%' ORDER BY opened_at, kind"
DEADLINES = "SELECT code, ends_on, met_on FROM legal_deadline ORDER BY ends_on, code"


def _loan(case: OpenCase) -> LoanId:
    return LoanId(case.id.removeprefix("case-").removesuffix("-1"))


async def test_a_move_is_a_row_with_its_rule_a_line_of_the_diary_and_a_message_to_the_bank(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    row = await made(world, handed, "suit_filed", on)
    assert (row.number, row.track, row.state, row.actor) == (1, "claim", "suit_filed", "legal-1")
    assert dict(row.documents) == {
        "statement_of_claim": "paper-statement_of_claim",
        "filing_receipt": "paper-filing_receipt",
    }
    [line] = await world.rows("SELECT code, source, actor FROM step WHERE event = 'legal_move'")
    assert line["source"].startswith("CN@")
    assert "民事诉讼法" in line["source"]
    assert (line["code"], line["actor"]) == ("suit_filed", "legal-1")
    [told] = await world.rows("SELECT data FROM outbox WHERE type = 'recourse.legal.moved.v1'")
    assert told["data"] == {
        "loan_id": _loan(handed),
        "episode": 1,
        "move": "suit_filed",
        "track": "claim",
        "state": "suit_filed",
        "on": on.isoformat(),
        "means": "suit",
    }
    proofs = await world.scalar("SELECT count(*) FROM unsealed WHERE kind = 'legal_move'")
    assert proofs == 1


async def test_a_deadline_wakes_the_case_and_asks_the_legal_team_before_it_runs_out(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    await made(world, handed, "presuit_preservation_ordered", on)
    [row] = await world.rows("SELECT ends_on, warn_at, ends_at FROM legal_deadline")
    assert row["ends_on"] == on + timedelta(days=30)
    assert (await handed.decide()).due_at == row["warn_at"]
    assert await world.rows(TASKS) == []
    world.set_now(row["warn_at"])
    plan = await handed.decide()
    assert await world.rows(TASKS) == [{"kind": "legal_deadline", "state": "open"}]
    assert plan.due_at == row["ends_at"]
    await handed.decide()
    assert len(await world.rows(TASKS)) == 1
    await made(world, handed, "suit_filed", on + timedelta(days=20))
    assert await world.rows(TASKS) == [{"kind": "legal_deadline", "state": "cancelled"}]
    assert [r["met_on"] for r in await world.rows(DEADLINES)] == [on + timedelta(days=20)]
    assert (await handed.decide()).due_at != row["ends_at"]


async def test_a_deadline_that_was_missed_is_a_recorded_step_and_another_task(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    await made(world, handed, "presuit_preservation_ordered", on)
    ends_at = await world.scalar("SELECT ends_at FROM legal_deadline")
    world.set_now(ends_at)
    await handed.decide()
    assert [t["kind"] for t in await world.rows(TASKS)] == ["legal_deadline", "legal_deadline_missed"]
    missed = "SELECT outcome FROM step WHERE code = 'legal_deadline_missed'"
    assert await world.rows(missed) == [{"outcome": "open"}]
    await made(world, handed, "suit_filed", on + timedelta(days=31))
    assert {t["state"] for t in await world.rows(TASKS)} == {"cancelled"}


async def test_the_days_of_the_debtor_end_with_a_task_and_not_with_a_warning(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    await made(world, handed, "payment_order_requested", on)
    await made(world, handed, "payment_order_served", on)
    due = "SELECT ends_at FROM legal_deadline WHERE whose = 'debtor'"
    world.set_now(await world.scalar(due) - timedelta(hours=1))
    await handed.decide()
    assert await world.rows(TASKS) == []
    world.set_now(await world.scalar(due))
    await handed.decide()
    assert [t["kind"] for t in await world.rows(TASKS)] == ["legal_deadline_over"]
    await made(world, handed, "payment_order_effective", await today(world))


async def test_what_cannot_be_made_says_what_is_missing_and_is_written_once(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    papers = {"statement_of_claim": "paper-1"}
    answers = [await move(world, handed, "suit_filed", on, documents=papers) for _ in range(2)]
    assert answers[0] == answers[1]
    assert isinstance(answers[0], NotMade)
    assert (answers[0].code, answers[0].missing) == ("documents_missing", ("filing_receipt",))
    early = await move(world, handed, "judgment_final", on)
    assert isinstance(early, NotMade)
    assert early.code == "out_of_order"
    lines = await world.rows("SELECT code FROM step WHERE event = 'legal_move_refused' ORDER BY id")
    assert [line["code"] for line in lines] == ["documents_missing", "out_of_order"]
    assert await world.scalar("SELECT count(*) FROM legal_move") == 0


async def test_a_repeated_request_is_one_move_and_its_id_stands_for_no_other(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    rows = [await made(world, handed, "suit_filed", on, request_id="r-1") for _ in range(2)]
    assert rows[0] == rows[1]
    with pytest.raises(RequestReused, match="request_id"):
        await move(world, handed, "judgment", on, request_id="r-1")
    assert await world.scalar("SELECT count(*) FROM legal_move") == 1


async def test_of_two_at_the_same_moment_the_second_is_out_of_order(world: World, handed: OpenCase) -> None:
    on = await today(world)
    both = await asyncio.gather(*(move(world, handed, "suit_filed", on) for _ in range(2)))
    assert sorted(type(one).__name__ for one in both) == ["MoveRow", "NotMade"]
    assert await world.scalar("SELECT count(*) FROM legal_move") == 1


async def test_no_suit_while_a_hold_stops_it_unless_it_was_filed_all_the_same(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    hold = HoldRequest(HoldReason.DISPUTE, "lead-1", "test", loan_id=_loan(handed))
    await world.services.run(partial(noting.place_hold, request=hold))
    refused = await move(world, handed, "suit_filed", on)
    assert isinstance(refused, NotMade)
    assert (refused.code, refused.missing) == ("permit_missing", ("legal",))
    row = await made(world, handed, "suit_filed", on, despite="memo-7")
    assert (row.known["refused"], row.known["despite"]) == ("permit_missing", "memo-7")


async def test_despite_takes_no_paper_and_no_day_away(world: World, handed: OpenCase) -> None:
    on = await today(world)
    short = await move(world, handed, "suit_filed", on, documents={}, despite="memo-7")
    ahead = await move(world, handed, "suit_filed", on + timedelta(days=1), despite="memo-7")
    assert [one.code for one in (short, ahead) if isinstance(one, NotMade)] == [
        "documents_missing",
        "lies_ahead",
    ]


async def test_what_was_got_in_closes_the_case_and_ends_what_runs(world: World, handed: OpenCase) -> None:
    on = await today(world)
    await made(world, handed, "presuit_preservation_ordered", on)
    await made(world, handed, "recovered", on)
    [case] = await world.rows("SELECT closed_reason FROM collection_case")
    assert case["closed_reason"] == "legal_concluded"
    assert await world.scalar("SELECT count(*) FROM legal_deadline WHERE met_on IS NULL") == 0
    [permit] = await world.rows("SELECT state, ended_at FROM permit WHERE kind = 'legal'")
    assert permit["state"] == "used"
    assert permit["ended_at"] is not None


async def test_a_suit_begins_the_limitation_period_anew_on_its_own_day(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    row = await made(world, handed, "suit_filed", on)
    proof = "SELECT inputs FROM step WHERE inputs IS NOT NULL ORDER BY id DESC LIMIT 1"
    world.set_now(datetime.combine(on + timedelta(days=1), datetime.min.time(), UTC))
    await world.services.run(
        partial(
            noting.place_hold,
            request=HoldRequest(HoldReason.COMPLAINT, "lead-1", "test", loan_id=_loan(handed)),
        )
    )
    await handed.decide()
    suits = [p for p in (await world.scalar(proof))["proofs"] if p["kind"] == "suit"]
    assert [(p["ref"], datetime.fromisoformat(p["at"])) for p in suits] == [(row.id, row.occurred_at)]


async def test_an_unknown_case_is_named(world: World) -> None:
    new = NewMove("case-none-1", "suit_filed", date(2026, 11, 6), {}, "legal-1")
    with pytest.raises(Unknown, match="case"):
        await world.services.run(partial(pursuing.make_move, new=new))


@pytest.fixture
async def surrendered(world: World) -> tuple[OpenCase, date]:
    """An American case, sixty days past due, whose borrower has brought the car; the notice of the sale was
    given on the same day, and names a day that comes too soon."""
    case = await open_case(world, days=60, region="US")
    on = NOON.date() - timedelta(days=1)
    await made(world, case, "vehicle_surrendered", on, procedure="US")
    soon = SaleTerms(SaleKind.PRIVATE, on)
    await made(world, case, "sale_planned", on, procedure="US", terms=soon, despite="memo-1")
    await made(world, case, "presale_notice_given", on, procedure="US")
    return case, on


async def test_a_sale_waits_ten_whole_days_after_the_notice(
    world: World, surrendered: tuple[OpenCase, date]
) -> None:
    case, on = surrendered
    world.set_now(NOON + timedelta(days=10))
    early = await move(world, case, "sold", on + timedelta(days=10), procedure="US")
    assert isinstance(early, NotMade)
    assert (early.code, early.opens_on) == ("notice_running", on + timedelta(days=11))
    assert "UCC 9-611" in early.source
    world.set_now(NOON + timedelta(days=12))
    row = await made(world, case, "sold", on + timedelta(days=11), procedure="US")
    assert row.state == "sold"
    async with world.services.database.reading() as tx:
        known = [(key, number) for key, number, _ in await decisions(tx) if key == case.id]
        assert [(await explained(tx, key, number=number)).differs for key, number in known] == [[]] * len(
            known
        )


async def test_no_sale_while_a_hold_stands_or_after_the_arrears_were_paid(
    world: World, surrendered: tuple[OpenCase, date]
) -> None:
    case, on = surrendered
    world.set_now(NOON + timedelta(days=12))
    hold = HoldRequest(HoldReason.MILITARY_SERVICE, "lead-1", "test", loan_id=_loan(case))
    placed, _ = await world.services.run(partial(noting.place_hold, request=hold))
    held = await move(world, case, "sold", on + timedelta(days=12), procedure="US")
    await world.services.run(partial(noting.lift_hold, key=placed.id, actor="lead-1"))
    paid = payment(_loan(case), at=NOON + timedelta(days=12), currency="CNY")
    await world.delivery.accept([paid])
    cured = await move(world, case, "sold", on + timedelta(days=12), procedure="US")
    codes = [one.code for one in (held, cured) if isinstance(one, NotMade)]
    assert codes == ["hold", "out_of_order"]
    assert await world.scalar("SELECT max(code) FROM legal_move WHERE actor = 'system'") == "sale_called_off"


async def test_the_vehicle_is_taken_under_a_permit_that_an_agency_used_and_which_ends_with_it(
    world: World,
) -> None:
    case = await open_case(world, days=60, region="US")
    on = NOON.date() - timedelta(days=1)
    refused = await move(world, case, "vehicle_recovered", on, procedure="US")
    assert isinstance(refused, NotMade)
    assert (refused.code, refused.missing) == ("permit_missing", ("recovery",))
    await permitted(world, case, PermitKind.RECOVERY, NOON + timedelta(days=3))
    await made(world, case, "vehicle_recovered", on, procedure="US")
    [permit] = await world.rows("SELECT answer, ended_at IS NULL AS open FROM permit")
    assert permit == {"answer": "vehicle_recovered", "open": False}


async def test_goods_of_which_a_third_is_paid_are_protected(world: World) -> None:
    """Of a British borrower; the price is known and two of three parts are still to come."""
    contract = {"number": "HP-1", "price_minor": 1_056_051, "product": "conditional_sale"}
    case = await open_case(world, "L-UK", days=60, region="US", home="GB-LND", contract=contract)
    on = NOON.date() - timedelta(days=1)
    await permitted(world, case, PermitKind.RECOVERY, NOON + timedelta(days=3))
    await made(world, case, "terminated", on, procedure="UK", despite="memo-1")
    refused = await move(world, case, "vehicle_recovered", on, procedure="UK")
    assert isinstance(refused, NotMade)
    assert (refused.code, refused.missing) == ("court_order_needed", ("return_order",))
    assert "s. 90" in refused.source


async def test_every_move_is_made_again_as_it_was_recorded_and_an_edited_row_is_found(
    world: World, handed: OpenCase
) -> None:
    on = await today(world)
    for code in ("presuit_preservation_ordered", "suit_filed", "preservation_ordered"):
        assert isinstance(await move(world, handed, code, on), MoveRow)

    async def again() -> list[tuple[str, ...]]:
        async with world.services.database.reading() as tx:
            now = await world.services.database.now(tx)
            return [one.differs for one in await made_again(tx, CaseId(handed.id), now)]

    assert await again() == [(), (), ()]
    await world.execute("UPDATE legal_move SET state = 'judgment' WHERE code = 'suit_filed'")
    assert [bool(differs) for differs in await again()] == [False, True, False]


async def test_the_sheets_for_a_court_print_each_move_with_its_papers_and_its_rule(
    world: World, handed: OpenCase
) -> None:
    await made(world, handed, "presuit_preservation_ordered", await today(world))
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, _loan(handed))
    court = recipients()["court"]
    sheets = laid_out(
        document, (), language="zh", on=NOON.date(), checkpoint=None, recipient=court, withheld=()
    )
    legal = {entry["title"]: dict(entry["rows"]) for entry in sheets["parts"][5]["entries"]}
    move_ = legal["moves 1"]
    assert (move_["code"], move_["documents.security"]) == ("presuit_preservation_ordered", "paper-security")
    assert "民事诉讼法" in move_["source"]
    assert legal["deadlines 1"]["code"] == "cn_sue_after_preservation"
