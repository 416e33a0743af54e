"""The legal desk: one file under one key, whatever is repeated and whatever answer was lost."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.ports import Handover, NotHandedOver, OutcomeUnknown, Recall, RecallAnswer, RefusedByProvider
from recourse.stack import StackAddresses
from tests.integration.gateways.conftest import Steer, closed_port, entries, scripted_http


@pytest.fixture
async def gateway(stack: StackAddresses) -> AsyncIterator[HttpLegalDesk]:
    gateway = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token)
    yield gateway
    await gateway.close()


def _handover(key: str | None = None, **parts: Any) -> Handover:
    body = {"loan_id": "L-1", "borrower": {"name": "李女士"}} | parts
    document = json.dumps(body, ensure_ascii=False).encode()
    digest = hashlib.sha256(document).hexdigest()
    return Handover(key or f"handover-{secrets.token_hex(8)}", document, digest)


async def test_a_dossier_is_filed_under_its_key_as_it_was_written(
    gateway: HttpLegalDesk, stack: StackAddresses
) -> None:
    handover = _handover()
    reference = await gateway.hand_over(handover)
    [filed] = entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key)
    assert filed["reference"] == reference
    assert filed["body"] == {"loan_id": "L-1", "borrower": {"name": "李女士"}}


async def test_the_same_file_under_the_same_key_gets_the_same_reference(
    gateway: HttpLegalDesk, stack: StackAddresses
) -> None:
    handover = _handover()
    references = {await gateway.hand_over(handover) for _ in range(3)}
    assert len(references) == 1
    assert len(entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key)) == 1
    assert len(entries(stack.end_logs["legal_desk"], "repeated", idempotency_key=handover.key)) == 2


async def test_another_file_under_the_same_key_is_refused_for_good(
    gateway: HttpLegalDesk, stack: StackAddresses
) -> None:
    handover = _handover()
    await gateway.hand_over(handover)
    with pytest.raises(RefusedByProvider) as refused:
        await gateway.hand_over(_handover(handover.key, loan_id="L-2"))
    assert refused.value.code == "legal_desk_409"
    assert len(entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key)) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_desk_that_is_down_took_nothing_and_may_be_tried_again(
    gateway: HttpLegalDesk, desk: Steer, stack: StackAddresses, status: int
) -> None:
    handover = _handover()
    await desk("outage", {"status": status})
    with pytest.raises(NotHandedOver, match=f"legal_desk_{status}"):
        await gateway.hand_over(handover)
    assert entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key) == []
    await desk("outage", {"status": None})
    assert await gateway.hand_over(handover)


async def test_a_lost_answer_is_unknown_and_repeating_the_key_finds_the_file_that_was_made(
    desk: Steer, stack: StackAddresses
) -> None:
    impatient = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token, timeout=0.5)
    handover = _handover()
    await desk("outage", {"status": 0})
    with pytest.raises(OutcomeUnknown):
        await impatient.hand_over(handover)
    await desk("outage", {"status": None})
    [filed] = entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key)
    assert await impatient.hand_over(handover) == filed["reference"]
    assert len(entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key)) == 1
    await impatient.close()


async def test_a_desk_that_is_not_there_took_nothing() -> None:
    gateway = HttpLegalDesk(f"http://127.0.0.1:{closed_port()}", "token", timeout=2)
    with pytest.raises(NotHandedOver, match="no connection"):
        await gateway.hand_over(_handover())
    await gateway.close()


async def test_a_wrong_token_is_about_us_and_not_about_the_file(stack: StackAddresses) -> None:
    gateway, handover = HttpLegalDesk(stack.legal_desk_url, "wrong"), _handover()
    with pytest.raises(NotHandedOver, match="legal_desk_401: it refuses us; check the token") as refused:
        await gateway.hand_over(handover)
    assert "李女士" not in f"{refused.value!r} {handover!r}"
    assert entries(stack.end_logs["legal_desk"], "filed", idempotency_key=handover.key) == []
    await gateway.close()


async def test_a_file_is_asked_back_once_however_often_its_key_is_repeated(
    gateway: HttpLegalDesk, stack: StackAddresses
) -> None:
    handover = _handover()
    recall = Recall(f"recall-{handover.key}", handover.key, await gateway.hand_over(handover), "hold")
    answers = {await gateway.recall(recall) for _ in range(2)}
    assert answers == {RecallAnswer.ACKNOWLEDGED}
    [asked] = entries(stack.end_logs["legal_desk"], "recalled", handover=handover.key)
    assert (asked["reference"], asked["reason"]) == (recall.reference, "hold")


async def test_a_file_that_is_asked_back_before_it_came_is_barred(gateway: HttpLegalDesk) -> None:
    handover = _handover()
    recall = Recall(f"recall-{handover.key}", handover.key, None, "hold")
    assert await gateway.recall(recall) is RecallAnswer.UNKNOWN
    with pytest.raises(RefusedByProvider, match="legal_desk_410"):
        await gateway.hand_over(handover)


@pytest.mark.parametrize(
    ("body", "status", "raised"),
    [
        (b"<h1>not here</h1>", "404 Not Found", RefusedByProvider),
        (b'{"recall": "unknown"}', "404 Not Found", None),
        (b'{"recall": "perhaps"}', "200 OK", OutcomeUnknown),
        (b"[]", "200 OK", OutcomeUnknown),
        (b"{}", "503 Busy", NotHandedOver),
    ],
)
async def test_only_a_desk_that_knows_recalls_can_say_that_it_never_got_the_file(
    body: bytes, status: str, raised: type[Exception] | None
) -> None:
    async with scripted_http({"/recalls": body}, status) as url:
        gateway, recall = HttpLegalDesk(url, "token", timeout=5), Recall("r", "h", None, "hold")
        if raised is None:
            assert await gateway.recall(recall) is RecallAnswer.UNKNOWN
        else:
            with pytest.raises(raised):
                await gateway.recall(recall)
        await gateway.close()
