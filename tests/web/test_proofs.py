"""Proofs on paper over HTTP: recorded and withdrawn by leads and lawyers only."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.service.conftest import open_case
from tests.web.conftest import PERSONAL, Api

PROOF: dict[str, Any] = {
    "request_id": "r-1",
    "loan_id": "L-1",
    "kind": "demand_signed_for",
    "on": "2026-11-05",
    "evidence": "receipt-9",
}


@pytest.mark.parametrize("role", ["lead", "legal"])
async def test_it_is_recorded_read_and_withdrawn(api: Api, role: str) -> None:
    await open_case(api.world)
    api.runs.down = True
    answers = [await api.post(role, "/proofs", **PROOF) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    told = answers[0].json()
    assert (told["kind"], told["noted_by"]) == ("demand_signed_for", api.tokens[role].actor)
    assert told["at"].startswith("2026-11-04T16:00")  # midnight in Shanghai
    taken = await api.post(role, f"/proofs/{told['id']}/withdraw", source="letter-2")
    [listed] = (await api.get("auditor", "/loans/L-1/proofs")).json()
    assert (taken.status_code, listed["withdrawn_by"]) == (200, api.tokens[role].actor)
    assert not [word for word in PERSONAL if word in str((told, listed))]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"kind": "part_payment"}, 422, "kind"),
        ({"kind": "a letter"}, 422, "kind"),
        ({"on": "2027-01-01"}, 422, "on"),
        ({"evidence": ""}, 422, "evidence"),
        ({"loan_id": "L-none"}, 404, "loan"),
    ],
)
async def test_what_cannot_be_recorded_is_named(
    api: Api, change: dict[str, str], status: int, field: str
) -> None:
    await open_case(api.world)
    refused = await api.post("legal", "/proofs", **PROOF | change)
    assert (refused.status_code, field in refused.text) == (status, True)
