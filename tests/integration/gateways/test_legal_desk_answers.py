"""What a legal desk may answer with a 2xx: a reference that its statuses can carry, or nobody knows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.ports import Handover, OutcomeUnknown
from recourse.web.legal_shapes import LegalStatusBody
from tests.integration.gateways.conftest import scripted_http


async def _answered(body: bytes) -> str:
    async with scripted_http({"/handovers": body}) as url:
        desk = HttpLegalDesk(url, "token", timeout=5)
        try:
            return await desk.hand_over(Handover("handover-1", b"{}", "0"))
        finally:
            await desk.close()


ODD = [
    b"",
    b"<html>taken</html>",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"LD-1"',
    b"{}",
    b"[" * 100_000,
    b'{"reference": null}',
    b'{"reference": 17}',
    b'{"reference": true}',
    b'{"reference": NaN}',
    b'{"reference": ["LD-1"]}',
    b'{"reference": {"id": "LD-1"}}',
    b'{"reference": ""}',
    b'{"reference": " "}',
    b'{"reference": "LD 1"}',
    b'{"reference": "LD-1\\u0000"}',
    b'{"reference": "LD-1\\n"}',
    b'{"reference": "LD-1\\u001b[2J"}',
    b'{"reference": "\\ud800"}',
    json.dumps({"reference": "x" * 129}).encode(),
]


@pytest.mark.parametrize("body", ODD, ids=lambda body: repr(body[:30]))
async def test_a_yes_without_a_usable_reference_may_have_been_a_yes(body: bytes) -> None:
    """The same key asks again what became of it; it is no refusal, and never a new file."""
    with pytest.raises(OutcomeUnknown):
        await _answered(body)


@pytest.mark.parametrize("reference", ["LD-000001", "2026/苏0102民初17号", "x" * 128, "17"])
async def test_a_reference_is_taken_as_it_is_if_a_status_can_name_it(reference: str) -> None:
    body = json.dumps({"reference": reference, "more": [1]}).encode()
    if reference.isascii():
        assert await _answered(body) == reference
    else:
        with pytest.raises(OutcomeUnknown):
            await _answered(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=140),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(_JSON | st.fixed_dictionaries({"reference": _JSON}))
async def test_whatever_it_answers_a_reference_is_one_that_a_status_may_carry(answer: object) -> None:
    try:
        reference = await _answered(json.dumps(answer).encode())
    except OutcomeUnknown:
        return
    told = {"status_id": "s-1", "status": "accepted", "occurred_at": "2026-11-06T04:00:00Z"}
    assert LegalStatusBody.model_validate({"reference": reference, **told}).reference == reference
