"""An answer that comes after its case was closed: there is no run any more to give it to."""

from __future__ import annotations

from datetime import timedelta

from tests.events import payment
from tests.integration.service.conftest import NOON
from tests.web.conftest import Api


async def test_what_was_said_in_the_call_in_which_the_account_was_cured_counts_without_a_run(
    api: Api, task: str
) -> None:
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    await api.world.delivery.accept([payment("L-1", at=NOON + timedelta(days=1))])
    api.runs.down = True  # a run that has completed answers nothing either
    told = await api.post("agent", f"/tasks/{task}/complete", request_id="r-2", outcome="no_contact")
    assert (told.status_code, told.json()["accepted"]) == (200, True)
    assert await api.world.scalar("SELECT cardinality(ceased) FROM party WHERE id = 'C-L-1'") == 5
    promise = {"outcome": "promise", "promise_minor": 100, "promise_on": "2026-11-12"}
    late = await api.post("agent", f"/tasks/{task}/complete", request_id="r-3", **promise)
    assert (late.status_code, late.json()["code"]) == (409, "task_cancelled")
