"""Two persons behind a recovery over HTTP: one token proposes, another person's approves."""

from __future__ import annotations

from functools import partial

import pytest

from recourse.service import tokens
from tests.integration.service.conftest import OpenCase, demanded, located  # noqa: F401 - fixtures
from tests.web.conftest import PERSONAL, Api


@pytest.fixture
async def case(api: Api, demanded: OpenCase) -> OpenCase:  # noqa: F811 - the fixture
    await demanded.reach("propose_legal")
    return demanded


async def test_one_proposes_another_approves_and_the_agency_sees_its_permit(api: Api, case: OpenCase) -> None:
    agency = api.tokens["recovery"].actor
    proposed = await api.post("legal", f"/cases/{case.id}/recoveries", request_id="r-1", agency=agency)
    assert proposed.status_code == 201
    key = proposed.json()["id"]
    assert [one["id"] for one in (await api.get("lead", "/recoveries")).json()] == [key]
    approved = [await api.post("lead", f"/recoveries/{key}/approve") for _ in range(2)]
    assert [answer.status_code for answer in approved] == [200, 200]
    permits = {answer.json()["permit_id"] for answer in approved}
    assert {one["id"] for one in (await api.get("recovery", "/permits")).json()} == permits
    assert (await api.get("lead", "/recoveries")).json() == []
    assert not [word for word in PERSONAL if word in proposed.text + approved[0].text]


async def test_a_second_token_of_the_proposer_is_refused_with_the_gates_code(
    api: Api, case: OpenCase
) -> None:
    person = api.tokens["legal"].person
    second = partial(tokens.issue, role="lead", name="his second", person=person)
    api.tokens["his second"] = await api.world.services.run(second)
    body = {"request_id": "r-1", "agency": api.tokens["recovery"].actor}
    key = (await api.post("legal", f"/cases/{case.id}/recoveries", **body)).json()["id"]
    refused = await api.post("his second", f"/recoveries/{key}/approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "approver_is_requester")
    declined = await api.post("legal", f"/recoveries/{key}/decline", code="not_now")
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    late = await api.post("lead", f"/recoveries/{key}/approve")
    assert (late.status_code, "declined" in late.text) == (422, True)


async def test_a_term_that_cannot_be_meant_is_refused_by_its_field(api: Api, case: OpenCase) -> None:
    path = f"/cases/{case.id}/recoveries"
    refused = await api.post("legal", path, request_id="r-1", agency="agency-1", days=90)
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "days"])
