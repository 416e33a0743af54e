"""Who may not answer a task does not disturb its case, however often he tries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.events import payment
from tests.integration.service.conftest import NOON
from tests.web.conftest import Api

PROMISE = {"outcome": "promise", "promise_minor": 100}


@pytest.mark.parametrize(
    ("role", "action", "body", "code"),
    [
        ("vehicle", "claim", {}, "role_not_permitted"),
        ("legal", "complete", {"outcome": "refuses"}, "role_not_permitted"),
        ("another agent", "claim", {}, "claimed_by_another"),
        ("another agent", "complete", {"outcome": "refuses"}, "claimed_by_another"),
        ("agent", "complete", {"outcome": "approve"}, "outcome_not_allowed"),
        ("agent", "complete", PROMISE, "promise_needs_amount_and_date"),
        ("agent", "complete", PROMISE | {"promise_on": "2036-01-01"}, "promise_date_out_of_range"),
    ],
)
async def test_what_the_rows_already_refuse_reaches_no_run(
    api: Api, task: str, role: str, action: str, body: dict[str, Any], code: str
) -> None:
    await api.another("agent")
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-0")
    asked = api.runs.answers
    for number in range(3):
        answer = await api.post(role, f"/tasks/{task}/{action}", request_id=f"r-{number + 1}", **body)
        assert answer.status_code == (403 if code == "role_not_permitted" else 409)
        assert answer.json()["code"] == code
    assert api.runs.answers == asked


async def test_neither_does_an_unclaimed_a_done_or_a_cancelled_task(api: Api, task: str) -> None:
    unclaimed = await api.post("agent", f"/tasks/{task}/complete", request_id="r-1", outcome="refuses")
    assert (unclaimed.json()["code"], api.runs.answers) == ("claim_first", 0)
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-2")
    await api.post("agent", f"/tasks/{task}/complete", request_id="r-3", outcome="refuses")
    done = await api.post("agent", f"/tasks/{task}/claim", request_id="r-4")
    assert (done.json()["code"], api.runs.answers) == ("task_done", 2)


async def test_a_task_that_was_cancelled_with_its_case_is_refused_with_its_state(api: Api, task: str) -> None:
    await api.world.delivery.accept([payment("L-1", at=NOON)])
    answer = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert (answer.json()["code"], api.runs.answers) == ("task_cancelled", 0)


async def test_an_answer_that_was_given_is_given_again_though_the_task_is_done(api: Api, task: str) -> None:
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    said = {"request_id": "r-2", "outcome": "refuses"}
    first = await api.post("agent", f"/tasks/{task}/complete", **said)
    api.runs.down = True
    again = await api.post("agent", f"/tasks/{task}/complete", **said)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await api.post("agent", f"/tasks/{task}/complete", **said | {"outcome": "disputes"})
    assert (other.status_code, other.json()["code"]) == (409, "request_id_reused")


async def test_a_claim_that_ran_out_is_left_to_the_case(api: Api, task: str) -> None:
    other = await api.another("agent")
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    until = await api.world.scalar("SELECT claim_until FROM agent_task")
    api.world.set_now(until)
    await api.post(other, f"/tasks/{task}/claim", request_id="r-1")
    assert api.runs.answers == 2
