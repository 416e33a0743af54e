"""What a recovery agency does over HTTP: it sees its permits, asks before the hook-up, answers a recall."""

from __future__ import annotations

from functools import partial

import pytest

from recourse.domain.ids import LoanId
from recourse.domain.situation import HoldReason
from recourse.service import noting, recovering
from recourse.service.noting import HoldRequest
from recourse.storage.permits import PermitRow
from tests.integration.service.conftest import OpenCase, demanded, located  # noqa: F401 - fixtures
from tests.web.conftest import PERSONAL, Api


@pytest.fixture
async def permit(api: Api, demanded: OpenCase) -> PermitRow:  # noqa: F811 - the fixture
    await demanded.reach("propose_legal")
    agency = api.tokens["recovery"].actor
    asked = recovering.Assignment(demanded.id, "recover_vehicle", agency, "legal-1", "lead-1")
    issued = await api.world.services.run(partial(recovering.issue, asked=asked))
    assert isinstance(issued, PermitRow)
    return issued


async def _hold(api: Api, permit: PermitRow) -> None:
    loan = LoanId(permit.loan_id)
    request = HoldRequest(HoldReason.BANKRUPTCY, "lead-1", "test", loan_id=loan)
    await api.world.services.run(partial(noting.place_hold, request=request))


async def test_an_agency_asks_hears_of_the_recall_and_acknowledges_it(api: Api, permit: PermitRow) -> None:
    path = f"/permits/{permit.id}"
    valid = (await api.post("recovery", f"{path}/check")).json()
    assert (valid["answer"], valid["code"]) == ("valid", "")
    assert valid["good_until"] > valid["checked_at"]
    early = await api.post("recovery", f"{path}/recall-ack", outcome="stopped")
    await _hold(api, permit)
    listed = (await api.get("recovery", "/permits")).json()
    recalled = (await api.post("recovery", f"{path}/check")).json()
    acknowledged = [await api.post("recovery", f"{path}/recall-ack", outcome="stopped") for _ in range(2)]
    assert early.status_code == 422
    assert [(one["id"], one["state"], one["recall_code"]) for one in listed] == [
        (permit.id, "recalled", "hold")
    ]
    assert (recalled["answer"], recalled["code"], recalled["good_until"]) == ("recalled", "hold", None)
    assert [(a.status_code, a.json()["state"]) for a in acknowledged] == [(200, "recall_acknowledged")] * 2
    assert (await api.get("recovery", "/permits")).json() == []
    shown = (valid, listed, recalled, acknowledged[0].text)
    assert not [word for word in PERSONAL if any(word in str(one) for one in shown)]


async def test_another_agency_is_not_told_that_there_is_such_a_permit(api: Api, permit: PermitRow) -> None:
    other = await api.another("recovery")
    await _hold(api, permit)
    answers = [
        await api.post(other, f"/permits/{permit.id}/check"),
        await api.post(other, f"/permits/{permit.id}/recall-ack", outcome="stopped"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert (await api.get(other, "/permits")).json() == []
    assert await api.world.scalar("SELECT count(*) FROM permit WHERE recall_answer IS NOT NULL") == 0


async def test_an_answer_that_nobody_agreed_on_is_refused_by_its_field(api: Api, permit: PermitRow) -> None:
    refused = await api.post("recovery", f"/permits/{permit.id}/recall-ack", outcome="maybe")
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "outcome"])
