"""`recourse agreements`, `recourse disputes` and `recourse cases limitation`, as a person types them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import UNUSED, Cli
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, open_case

CASE = "case-L-1-1"
PLAN = ("--kind", "payment_plan", "--part", "2026-11-20=100000", "--part", "2026-12-20=252017")


@pytest.fixture
async def desk_of(cli: Cli, world: World) -> Cli:
    """A deployment with one open case, whose engine is away: what is written counts all the same."""
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    return Cli(dict(cli.env) | {"TEMPORAL_ADDRESS": UNUSED})


async def test_a_plan_is_proposed_listed_shown_and_cancelled(desk_of: Cli) -> None:
    made = await desk_of.json("agreements", "propose", CASE, *PLAN, "--as", "agent-1", "--request-id", "r1")
    assert (made["id"], made["state"], made["case_told"]) == ("agr-agent-1-r1", "active", False)
    again = await desk_of("agreements", "propose", CASE, *PLAN, "--as", "agent-1", "--request-id", "r1")
    assert "agr-agent-1-r1 is active; Temporal is down" in again.stdout
    [row] = await desk_of.json("agreements", "list", "--case", CASE, "--state", "active")
    assert row["terms"]["parts"][1] == {"due_on": "2026-12-20", "amount_minor": 252017}
    shown = (await desk_of("cases", "show", CASE)).stdout
    assert "payment_plan agr-agent-1-r1: active" in shown
    assert "limitation until 2029-11-06" in shown
    assert "by acknowledged agr-agent-1-r1" in shown
    dossier = await desk_of.json("dossier", "L-1", "--as", "auditor-1")
    assert [one["kind"] for one in dossier["contacts"]["agreements"]] == ["payment_plan"]
    assert dossier["legal"]["limitation"][0]["began_on"] == "2026-11-05"
    assert (
        "payment_plan agr-agent-1-r1: active" in (await desk_of("dossier", "L-1", "--as", "auditor-1")).stdout
    )
    explained = await desk_of.json("explain", CASE)
    assert (explained["limitation"][0]["ends_on"], explained["differs"]) == ("2029-11-06", [])
    ended = await desk_of.json(
        "agreements", "cancel", row["id"], "--as", "lead-1", "--code", "borrower_asked"
    )
    assert (ended["state"], ended["code"]) == ("cancelled", "borrower_asked")


async def test_beyond_ones_limits_it_is_approved_by_somebody_else(desk_of: Cli) -> None:
    waiver = ("--kind", "waiver", "--of", "fees", "--amount-minor", "30000")
    made = await desk_of.json("agreements", "propose", CASE, *waiver, "--as", "agent-1")
    assert (made["state"], made["beyond"]) == ("proposed", ["amount", "percent"])
    own = await desk_of("agreements", "approve", made["id"], "--as", "agent-1", "--role", "lead")
    assert (own.exit_code, "another person" in own.stderr) == (1, True)
    short = await desk_of("agreements", "approve", made["id"], "--as", "agent-2", "--role", "agent")
    assert (short.exit_code, "may: lead, legal" in short.stderr) == (1, True)
    approved = await desk_of.json("agreements", "approve", made["id"], "--as", "lead-1")
    assert approved["state"] == "approved"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("propose", CASE, "--kind", "gift"), "--kind"),
        (("propose", CASE, "--kind", "payment_plan"), "--part"),
        (("propose", CASE, "--kind", "payment_plan", "--part", "soon=5"), "--part"),
        (("propose", CASE, "--kind", "payment_plan", "--part", "2026-12-01"), "--part"),
        (("propose", CASE, *PLAN, "--waived-minor", "5"), "--waived-minor"),
        (("propose", CASE, "--kind", "extension", "--installments", "9"), "installments: 1 to 1"),
        (("propose", CASE, "--kind", "waiver", "--of", "all", "--amount-minor", "5"), "--of"),
        (("propose", "case-of-nobody", *PLAN), "case-of-nobody"),
        (("propose", CASE, *PLAN, "--role", "king"), "--role"),
        (("approve", "agr-0"), "agr-0"),
        (("decline", "agr-0", "--code", "too late"), "--code"),
    ],
)
async def test_what_is_not_understood_is_exit_2_and_named(
    desk_of: Cli, arguments: tuple[str, ...], named: str
) -> None:
    result = await desk_of("agreements", *arguments, "--as", "agent-1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr


async def test_a_dispute_is_opened_and_answered(desk_of: Cli) -> None:
    opening = ("--loan", "L-1", "--reason", "amount", "--about", "installment-7", "--as", "agent-1")
    opened = await desk_of.json("disputes", "open", *opening, "--request-id", "d1")
    assert (opened["id"], opened["answer"]) == ("dsp-agent-1-d1", None)
    assert (
        "dispute dsp-agent-1-d1: amount, open, to be answered by"
        in (await desk_of("cases", "show", CASE)).stdout
    )
    answering = ("--answer", "rejected", "--evidence", "letter-8", "--as", "lead-1")
    answered = await desk_of("disputes", "answer", opened["id"], *answering)
    assert answered.stdout.startswith("dsp-agent-1-d1 is answered: rejected")
    again = await desk_of("disputes", "answer", opened["id"], *answering, "--request-id", "other")
    assert (again.exit_code, "was answered already" in again.stderr) == (2, True)
    assert (await desk_of("disputes", "open", "--loan", "L-0", *opening[2:])).exit_code == 2


async def test_what_waits_for_an_answer_is_listed_with_its_day_and_rule(desk_of: Cli) -> None:
    opening = ("--loan", "L-1", "--reason", "other", "--kind", "bureau", "--as", "agent-1")
    opened = await desk_of("disputes", "open", *opening, "--request-id", "d1")
    assert "to be answered until" in opened.stdout
    assert "cn_bureau_objection, primary" in opened.stdout
    [line] = await desk_of.json("disputes", "list", "--due")
    assert (line["id"], line["kind"], line["state"]) == ("dsp-agent-1-d1", "bureau", "waiting")
    assert line["answer_by"] in (await desk_of("disputes", "list", "--due")).stdout
    assert line["answer_by"] in (await desk_of("cases", "show", CASE)).stdout
    listed = (await desk_of("tasks", "list", "--team", "legal")).stdout
    assert "the answer itself: recourse disputes answer" in listed
    later = Cli(dict(desk_of.env) | {"RECOURSE_CALENDAR__BUSINESS_ANCHOR": line["ends_at"]})
    [late] = await later.json("disputes", "list", "--due", exit_code=1)
    assert late["state"] == "overdue"
    assert (await later.json("cases", "figures"))["disputes"] == {"bureau overdue": 1}
    answering = ("--answer", "withdrawn", "--evidence", "letter-8", "--as", "lead-1")
    await later("disputes", "answer", line["id"], *answering)
    assert (await later("disputes", "list", "--due")).stdout.strip() == "no disputes"
    assert (await later.json("disputes", "list"))[0]["state"] == "answered_late"
    wrong = await later("disputes", "open", *opening[:5], "quarrel", *opening[6:])
    assert (wrong.exit_code, "--kind" in wrong.stderr) == (2, True)


async def test_a_complaint_is_acknowledged_with_its_letter_and_a_late_one_is_a_finding(
    cli: Cli, world: World
) -> None:
    await open_case(world, "L-7", days=20, region="US", home="GB-LND")
    opening = ("--loan", "L-7", "--reason", "other", "--kind", "complaint", "--as", "agent-1")
    opened = await cli("disputes", "open", *opening, "--request-id", "d1", TEMPORAL_ADDRESS=UNUSED)
    assert "to be acknowledged until 2026-11-10 (UK@" in opened.stdout
    tasks = (await cli("tasks", "list", "--team", "legal")).stdout
    assert "recourse disputes acknowledge" in tasks
    later = Cli(dict(cli.env) | {"RECOURSE_CALENDAR__BUSINESS_ANCHOR": "2026-11-12T04:00:00Z"})
    [line] = await later.json("disputes", "list", "--due", exit_code=1)
    assert (line["state"], line["told"]) == ("waiting", "overdue")
    said = ("disputes", "acknowledge", "dsp-agent-1-d1", "--evidence", "letter-7", "--as", "legal-1")
    for _ in range(2):
        told = await later.json(*said, "--request-id", "a1", TEMPORAL_ADDRESS=UNUSED)
        assert (told["told_evidence"], told["answer"]) == ("letter-7", None)
    [line] = await later.json("disputes", "list", "--due")
    assert line["told"] == "given_late"
    assert await later.json("disputes", "list", "--due", "--without-case") == []
    assert (await later(*said[:2], "dsp-none", *said[3:])).exit_code == 2


async def test_what_runs_out_soon_is_a_finding(desk_of: Cli) -> None:
    assert await desk_of.json("cases", "limitation") == {"running_out": [], "not_known": 0}
    later = await desk_of.json("cases", "limitation", "--within", "1200", exit_code=1)
    [line] = later["running_out"]
    assert (line["case_id"], line["ends_on"]) == (CASE, "2029-11-05")
    assert line["days_left"] == 1095
    assert CASE in (await desk_of("cases", "limitation", "--within", "1200")).stdout
