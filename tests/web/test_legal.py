"""Legal actions over HTTP: lawyers move them, leads and auditors read them, nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recourse.domain.ids import LoanId
from recourse.domain.permits import PermitKind
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.integration.service.pursued import permitted
from tests.web.conftest import PERSONAL, ROLES, Api

CASE = "/cases/case-L-1-1/legal"
SUIT: dict[str, Any] = {
    "request_id": "r-1",
    "move": "suit_filed",
    "on": "2026-11-06",
    "documents": {"statement_of_claim": "claim-1", "filing_receipt": "sha256-4f1c"},
}
FEE: dict[str, Any] = {
    "request_id": "r-1",
    "kind": "court_fee",
    "amount_minor": 5_000,
    "on": "2026-11-06",
    "proof": "invoice-1",
}


@pytest.fixture
async def case(api: Api) -> OpenCase:
    case = await open_case(api.world)
    await permitted(api.world, case, PermitKind.LEGAL, NOON + timedelta(days=1))
    return case


async def test_a_lawyer_makes_a_move_and_all_who_may_read_see_it(api: Api, case: OpenCase) -> None:
    api.runs.down = True
    answers = [await api.post("legal", f"{CASE}/moves", **SUIT) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    told = answers[0].json()
    assert (told["made"], told["state"], told["actor"]) == (True, "suit_filed", api.tokens["legal"].actor)
    await api.post("legal", f"{CASE}/amounts", **FEE)
    shown = (await api.get("auditor", CASE)).json()
    assert shown["states"] == {"claim": "suit_filed"}
    assert shown["totals"]["costs_minor"] == 5_000
    following = {move["code"]: move for move in shown["next"]}
    assert {"judgment", "mediated", "preservation_ordered", "withdrawn"} <= set(following)
    assert following["judgment"]["documents"] == ["judgment"]
    assert following["judgment"]["title_zh"] == "判决送达"
    [listed] = (await api.get("lead", "/legal")).json()
    assert (listed["case_id"], listed["states"]) == (case.id, {"claim": "suit_filed"})
    assert not [word for word in PERSONAL if word in str((told, shown, listed))]


async def test_a_refused_move_says_what_is_missing_and_which_rule(api: Api, case: OpenCase) -> None:
    short = await api.post("legal", f"{CASE}/moves", **SUIT | {"documents": {"statement_of_claim": "c-1"}})
    assert short.status_code == 409
    told = short.json()
    assert (told["made"], told["code"], told["missing"]) == (False, "documents_missing", ["filing_receipt"])
    assert (told["rule"], "民事诉讼法" in told["source"]) == ("suit_filed", True)
    early = await api.post("legal", f"{CASE}/moves", **SUIT | {"move": "judgment_final"})
    assert (early.status_code, early.json()["code"]) == (409, "out_of_order")


async def test_deadlines_of_all_cases_are_listed_the_soonest_first(api: Api, case: OpenCase) -> None:
    papers = {"preservation_application": "a", "security": "b", "preservation_ruling": "c"}
    body = SUIT | {"move": "presuit_preservation_ordered", "documents": papers}
    await api.post("legal", f"{CASE}/moves", **body)
    assert (await api.get("legal", "/legal/deadlines?within=10")).json() == []
    [row] = (await api.get("legal", "/legal/deadlines?within=31")).json()
    assert (row["code"], row["ends_on"], row["state"]) == (
        "cn_sue_after_preservation",
        "2026-12-06",
        "running",
    )
    api.world.set_now(NOON + timedelta(days=31))
    [row] = (await api.get("legal", "/legal/deadlines")).json()
    assert row["state"] == "missed"


SALE: dict[str, Any] = {"kind": "public", "day": "2026-12-15", "at": "10:00", "place": "12 Auction Lane"}
PLAN: dict[str, Any] = {"request_id": "p-1", "move": "sale_planned", "on": "2026-11-05", "sale": SALE}


async def test_a_sale_is_planned_and_its_notice_is_the_next_step_of_the_case(api: Api) -> None:
    case = await open_case(api.world, days=60, region="US")
    papers = {"surrender_statement": "s-1", "condition_report": "c-1"}
    brought = {"request_id": "b-1", "move": "vehicle_surrendered", "on": "2026-11-05", "documents": papers}
    assert (await api.post("legal", f"{CASE}/moves", **brought)).status_code == 201
    for body, status in ((PLAN | {"sale": None}, 409), (PLAN, 201), (PLAN, 201)):
        answer = await api.post("legal", f"{CASE}/moves", **body)
        assert answer.status_code == status, answer.text
    assert answer.json()["terms"]["place"] == "12 Auction Lane"
    shown = (await api.get("auditor", CASE)).json()
    assert shown["states"] == {"vehicle": "sale_planned"}
    assert [row["terms"] for row in shown["moves"]][1]["day"] == "2026-12-15"
    api.world.set_now(NOON + timedelta(days=1, hours=13))
    assert (await case.decide()).step_id == "presale_notice_given-2"


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"legal", "admin"}))
async def test_nobody_else_moves_an_action_or_its_money(api: Api, case: OpenCase, role: str) -> None:
    asked = [await api.post(role, f"{CASE}/moves", **SUIT), await api.post(role, f"{CASE}/amounts", **FEE)]
    assert [answer.status_code for answer in asked] == [403, 403]
    assert await api.world.scalar("SELECT count(*) FROM legal_move") == 0


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"legal", "lead", "auditor", "admin"}))
async def test_nobody_else_reads_one(api: Api, case: OpenCase, role: str) -> None:
    asked = [await api.get(role, path) for path in (CASE, "/legal", "/legal/deadlines")]
    assert [answer.status_code for answer in asked] == [403, 403, 403]


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("moves", SUIT | {"on": "someday"}, 422, "on"),
        ("moves", SUIT | {"move": "Suit Filed"}, 422, "move"),
        ("moves", SUIT | {"documents": {"judgment": "two words"}}, 422, "documents"),
        ("moves", SUIT | {"documents": {"张三": "x"}}, 422, "documents"),
        ("moves", PLAN | {"sale": SALE | {"place": None}}, 422, "place"),
        ("moves", PLAN | {"sale": SALE | {"at": "10:00:30"}}, 422, "at"),
        ("moves", PLAN | {"sale": SALE | {"kind": "张三"}}, 422, "kind"),
        ("moves", PLAN | {"sale": SALE | {"owed_minor": -1}}, 422, "owed_minor"),
        ("amounts", FEE | {"kind": "bribe"}, 422, "kind"),
        ("amounts", FEE | {"amount_minor": 0}, 422, "amount_minor"),
        ("amounts", FEE | {"on": "2026-11-07"}, 422, "on"),
        ("amounts", FEE | {"reverses": "legal-entry-9"}, 404, "reverses"),
    ],
)
async def test_what_cannot_be_meant_is_named(
    api: Api, case: OpenCase, path: str, body: dict[str, Any], status: int, field: str
) -> None:
    refused = await api.post("legal", f"{CASE}/{path}", **body)
    assert (refused.status_code, field in refused.text, "张三" in refused.text) == (status, True, False)


async def test_an_unknown_case_is_not_found(api: Api) -> None:
    nowhere = "/cases/case-none-1/legal"
    asked = [await api.get("legal", nowhere), await api.post("legal", f"{nowhere}/moves", **SUIT)]
    assert [answer.status_code for answer in asked] == [404, 404]


async def test_the_desk_reports_papers_beside_a_status(api: Api, case: OpenCase) -> None:
    await api.world.execute(
        "INSERT INTO legal_action (id, loan_id, case_id, state, proposed_by, approved_by, document, "
        "document_sha256, reference, at) VALUES ('handover-case-L-1-1', 'L-1', 'case-L-1-1', 'handed_over', "
        f"'a', 'b', '{{}}', '0', 'LD-9', '{(NOON - timedelta(days=1)).isoformat()}')"
    )
    status = {"reference": "LD-9", "occurred_at": NOON.isoformat()}
    told = await api.post(
        "desk", "/legal/statuses", **status, status_id="s-1", status="filed", documents=SUIT["documents"]
    )
    bad = await api.post(
        "desk", "/legal/statuses", **status, status_id="s-2", status="judgment", documents={"judgment": ""}
    )
    assert (told.status_code, bad.status_code) == (202, 422)
    [row] = await api.world.rows("SELECT code, actor FROM legal_move")
    assert row == {"code": "suit_filed", "actor": api.tokens["desk"].actor}
    assert LoanId("L-1") == await api.world.scalar("SELECT loan_id FROM legal_move")
