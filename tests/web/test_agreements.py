"""Money agreements and disputes over HTTP: who may, what is answered, and what is refused by its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.service.conftest import open_case
from tests.web.conftest import PERSONAL, Api

CASE = "/cases/case-L-1-1/agreements"
SMALL: dict[str, Any] = {"kind": "payment_plan", "parts": [{"due_on": "2026-11-20", "amount_minor": 352017}]}
WAIVER: dict[str, Any] = {"kind": "waiver", "of": "fees", "amount_minor": 30000}


async def test_within_the_callers_limits_it_is_in_force_though_the_engine_is_down(
    api: Api, task: str
) -> None:
    api.runs.down = True
    answer = await api.post("agent", CASE, request_id="r-1", terms=SMALL)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["state"], told["case_told"], told["terms"]) == ("active", False, SMALL)
    again = await api.post("agent", CASE, request_id="r-1", terms=SMALL)
    assert again.json() == told
    assert [one["state"] for one in (await api.get("auditor", CASE)).json()] == ["active"]
    view = (await api.get("agent", "/cases/case-L-1-1")).json()
    assert [one["id"] for one in view["agreements"]] == [told["agreement_id"]]
    assert view["limitation"][0]["rule"] == "cn_limitation"


async def test_beyond_them_another_person_approves_and_the_limit_is_named(api: Api, task: str) -> None:
    proposed = (await api.post("agent", CASE, request_id="r-1", terms=WAIVER)).json()
    assert (proposed["state"], proposed["beyond"]) == ("proposed", ["amount", "percent"])
    path = f"/agreements/{proposed['agreement_id']}"
    refused = await api.post(await api.another("agent"), f"{path}/approve", request_id="a-1")
    assert refused.status_code == 403
    assert "lead" in refused.json()["detail"]
    assert (await api.post("auditor", f"{path}/approve", request_id="a-1")).status_code == 403
    approved = await api.post("lead", f"{path}/approve", request_id="a-1")
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    late = await api.post("lead", f"{path}/decline", request_id="d-1", code="too_late")
    assert (late.status_code, late.json()["detail"]) == (422, "agreement: is approved already")
    ended = await api.post("lead", f"{path}/cancel", request_id="c-1", code="borrower_asked")
    assert (ended.json()["state"], ended.json()["code"]) == ("cancelled", "borrower_asked")


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"kind": "gift"}, "kind"),
        ({"kind": "waiver", "of": "fees", "amount_minor": 0}, "amount_minor"),
        ({"kind": "waiver", "of": "fees", "amount_minor": 10**9}, "amount_minor"),
        ({"kind": "payment_plan", "parts": []}, "parts"),
        ({"kind": "payment_plan", "parts": [{"due_on": "2026-11-01", "amount_minor": 5}]}, "parts"),
        ({"kind": "settlement", "pay_minor": 5, "pay_by": "2026-11-20", "waived_minor": 0}, "waived_minor"),
        ({"kind": "extension", "installments": 2}, "installments"),
        (SMALL | {"note": "of 测试人"}, "note"),
    ],
)
async def test_terms_that_cannot_be_meant_are_422_and_named(
    api: Api, task: str, terms: dict[str, Any], named: str
) -> None:
    answer = await api.post("lead", CASE, request_id="r-1", terms=terms)
    assert answer.status_code == 422
    assert named in answer.text
    assert not [words for words in PERSONAL if words in answer.text]


async def test_what_there_is_none_of_is_404(api: Api, task: str) -> None:
    nobody = await api.post("lead", "/cases/case-L-0-1/agreements", request_id="r-1", terms=SMALL)
    assert nobody.status_code == 404
    assert (await api.post("lead", "/agreements/agr-0/approve", request_id="a-1")).status_code == 404
    assert (
        await api.post("lead", "/disputes/dsp-0/answer", request_id="a", answer="upheld", evidence="e")
    ).status_code == 404


async def test_a_dispute_is_in_force_when_it_answers_and_its_answer_lifts_it(api: Api, task: str) -> None:
    opened = await api.post(
        "agent", "/disputes", request_id="r-1", loan_id="L-1", reason="amount", about="installment-7"
    )
    assert opened.status_code == 201
    refused = await api.post("agent", f"/tasks/{task}/claim", request_id="t-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "hold")
    key = opened.json()["dispute_id"]
    body = {"request_id": "a-1", "answer": "rejected", "evidence": "letter-8"}
    assert (await api.post("agent", f"/disputes/{key}/answer", **body)).status_code == 403
    answered = await api.post("lead", f"/disputes/{key}/answer", **body)
    assert (answered.status_code, answered.json()["answer"]) == (200, "rejected")
    assert (await api.post("agent", f"/tasks/{task}/claim", request_id="t-2")).status_code == 200


async def test_a_contest_is_a_task_of_the_lawyers_with_a_day_and_stands_in_the_list(
    api: Api, task: str
) -> None:
    body = {"loan_id": "L-1", "reason": "other", "kind": "automated_decision", "about": "4711"}
    opened = (await api.post("agent", "/disputes", request_id="r-1", **body)).json()
    assert (opened["kind"], opened["rule"].split()[1]) == ("automated_decision", "house_cn_decision_answer")
    [mine] = [one for one in (await api.get("legal", "/tasks")).json() if one["kind"] == "answer_dispute"]
    assert (mine["outcomes"], mine["due_at"] is not None) == ([], True)
    [line] = (await api.get("auditor", "/disputes?due=true")).json()
    assert (line["id"], line["state"]) == (opened["dispute_id"], "waiting")
    assert line["answer_by"] == opened["answer_by"]
    await api.post("legal", f"/tasks/{mine['id']}/claim", request_id="t-1")
    refused = await api.post("legal", f"/tasks/{mine['id']}/complete", request_id="t-2", outcome="done")
    assert (refused.status_code, refused.json()["code"]) == (409, "answer_the_dispute")
    said = {"request_id": "a-1", "answer": "withdrawn", "evidence": "letter-9"}
    assert (await api.post("legal", f"/disputes/{line['id']}/answer", **said)).status_code == 200
    assert (await api.get("lead", "/disputes?due=true")).json() == []
    assert [one["state"] for one in (await api.get("lead", "/disputes")).json()] == ["answered"]
    assert "answer_dispute" not in (await api.get("legal", "/tasks")).text


async def test_a_complaint_is_acknowledged_by_its_day_and_its_answer_is_still_to_come(api: Api) -> None:
    await open_case(api.world, "L-7", days=20, region="US", home="GB-LND")
    body = {"loan_id": "L-7", "reason": "other", "kind": "complaint"}
    opened = (await api.post("agent", "/disputes", request_id="r-1", **body)).json()
    assert opened["told_rule"].endswith("uk_complaint_acknowledged")
    tasks = {one["kind"]: one for one in (await api.get("legal", "/tasks")).json()}
    mine = tasks["acknowledge_dispute"]
    assert (mine["outcomes"], mine["due_at"] < tasks["answer_dispute"]["due_at"]) == ([], True)
    await api.post("legal", f"/tasks/{mine['id']}/claim", request_id="t-1")
    refused = await api.post("legal", f"/tasks/{mine['id']}/complete", request_id="t-2", outcome="done")
    assert (refused.status_code, refused.json()["code"]) == (409, "acknowledge_the_dispute")
    said = {"request_id": "a-1", "evidence": "letter-7"}
    path = f"/disputes/{opened['dispute_id']}/acknowledgement"
    both = [await api.post("legal", path, **said) for _ in range(2)]
    assert [(one.status_code, one.json()["answer"]) for one in both] == [(200, None)] * 2
    other = await api.post("lead", path, request_id="a-2", evidence="letter-9")
    assert other.status_code == 422
    [line] = (await api.get("lead", "/disputes?due=true")).json()
    assert (line["state"], line["told"], line["told_evidence"]) == ("waiting", "given", "letter-7")
    assert (await api.get("lead", "/disputes?due=true&without_case=true")).json() == []
