"""Nothing lost, nothing twice, whatever dies: judged by the ends' own logs."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from recourse.contracts.events import BankEvent
from tests.e2e.conftest import BUSINESS_START, System
from tests.events import overdue, payment, snapshot

LOANS = 24
pytestmark = pytest.mark.timeout(600)


def _book(system: System) -> list[BankEvent]:
    """Fresh cases, each reachable by SMS and e-mail under its own address; every event twice."""
    events: list[BankEvent] = []
    for n in range(LOANS):
        loan = system.loan(n)
        master = snapshot(
            loan, at=BUSINESS_START, mobile=system.mobile(n), email=f"b{n}@example.com", device=None
        )
        events += [master, overdue(loan, at=BUSINESS_START, event_id=f"overdue-{loan}")] * 2
    return events


def _message_id(attempt_id: str) -> str:
    """Computed apart from the gateway: the Message-ID a claim's e-mail must carry."""
    return hashlib.sha256(attempt_id.encode()).hexdigest()[:32]


# A step that the killed worker had begun is tried again after its time-out of 60 s; e-mails are due on six of
# these days: on a slow machine too, the ladder must not have passed them by then.
@pytest.mark.parametrize("seconds_a_day", [24])
async def test_kill_of_consumer_and_worker_loses_nothing_and_sends_nothing_twice(system: System) -> None:
    for command in ("consume", "worker", "relay"):
        system.start(command)
    book = _book(system)
    await system.publish(*book[: len(book) // 2])
    await system.counted("SELECT count(*) FROM fact", 4)
    system.kill("consume")
    await system.publish(*book[len(book) // 2 :])
    system.start("consume")
    await system.counted("SELECT count(*) FROM collection_case", LOANS)
    await system.counted("SELECT count(*) FROM contact_attempt WHERE state = 'sent'", LOANS // 3)
    system.kill("worker")
    system.start("worker")
    await system.counted(
        "SELECT count(*) FROM step WHERE step_id = 'email_friendly' AND event = 'outcome'", LOANS, 300
    )
    paid = [payment(system.loan(n), at=BUSINESS_START, sequence=3, payment_id=f"P-{n}") for n in range(LOANS)]
    await system.publish(*paid, *paid)
    await system.counted("SELECT count(*) FROM collection_case WHERE closed_reason = 'cured'", LOANS)
    await _everything_is_delivered(system)
    await _nothing_was_sent_twice(system)
    await _every_reminder_reached_its_end_or_a_person(system)


async def _everything_is_delivered(system: System) -> None:
    assert await system.scalar("SELECT count(*) FROM fact") == 3 * LOANS
    assert await system.scalar("SELECT count(*) FROM collection_case") == LOANS
    undelivered = "SELECT count(*) = 0 FROM collection_case WHERE facts_due > facts_delivered"
    await system.until("all nudged", lambda: system.scalar(undelivered))
    await system.until(
        "outbox published",
        lambda: system.scalar("SELECT count(*) = 0 FROM outbox WHERE published_at IS NULL"),
    )


async def _nothing_was_sent_twice(system: System) -> None:
    attempts = await system.rows("SELECT id, channel FROM contact_attempt")
    mails = Counter(
        entry["message_id"].strip("<>").partition("@")[0]
        for entry in system.end_log("smtp")
        if entry["event"] == "accepted"
    )
    claimed = {_message_id(row["id"]) for row in attempts if row["channel"] == "email"}
    ours = {key: count for key, count in mails.items() if key in claimed}
    assert set(ours.values()) <= {1}
    mobiles = {system.mobile(n).removeprefix("+") for n in range(LOANS)}
    texts = Counter(
        (entry["destination"], entry["text"])
        for entry in system.end_log("smsc")
        if entry["event"] == "accepted" and entry["destination"] in mobiles
    )
    assert texts
    assert [key for key, count in texts.items() if count > 1] == []


async def _every_reminder_reached_its_end_or_a_person(system: System) -> None:
    # Of the messages after it some may be on their way, or the payment overtook them, which the sweep tells.
    claimed = "SELECT count(*) FROM contact_attempt WHERE state = 'claimed' AND step_id = 'email_friendly'"
    assert await system.scalar(claimed) == 0
    doubtful = await system.scalar("SELECT count(*) FROM contact_attempt WHERE state = 'unknown'")
    checks = await system.scalar("SELECT count(*) FROM agent_task WHERE kind = 'check_delivery'")
    assert doubtful == checks
    mailed = {
        entry["message_id"].strip("<>").partition("@")[0]
        for entry in system.end_log("smtp")
        if entry["event"] == "accepted"
    }
    sent = await system.rows("SELECT id FROM contact_attempt WHERE channel = 'email' AND state = 'sent'")
    assert {_message_id(row["id"]) for row in sent} <= mailed
    assert len(sent) >= LOANS - doubtful


async def test_two_consumers_and_two_workers_share_the_work_without_doubling_it(system: System) -> None:
    for name in ("one", "two"):
        system.start("consume", f"consume-{name}")
        system.start("worker", f"worker-{name}")
    await system.publish(*_book(system))
    await system.counted("SELECT count(*) FROM contact_attempt WHERE state = 'sent'", LOANS)
    assert await system.scalar("SELECT count(*) FROM collection_case") == LOANS
    await _nothing_was_sent_twice(system)


async def test_facts_are_taken_and_holds_count_while_temporal_is_unreachable(system: System) -> None:
    away = system.env | {"TEMPORAL_ADDRESS": "127.0.0.1:9"}
    here, system.env = system.env, away
    system.start("consume")
    await system.publish(*_book(system)[:2])
    await system.counted("SELECT count(*) FROM collection_case", 1)
    assert await system.scalar("SELECT count(*) FROM collection_case WHERE facts_due > facts_delivered") == 1
    system.kill("consume")
    system.env = here
    system.start("worker")
    # Nobody publishes again: the sweep alone finds the case and starts its run.
    await system.counted("SELECT count(*) FROM contact_attempt WHERE state = 'sent'", 1)


async def test_a_case_that_operations_terminated_resumes_from_the_database(system: System) -> None:
    from temporalio.client import Client

    system.start("consume")
    system.start("worker")
    await system.publish(*_book(system)[:2])
    await system.counted("SELECT count(*) FROM collection_case WHERE facts_delivered = facts_due", 1)
    client = await Client.connect(system.addresses.temporal_address)
    handle = client.get_workflow_handle(f"case-{system.loan(0)}-1")
    await handle.terminate("by mistake")
    await system.counted("SELECT count(*) FROM contact_attempt WHERE state = 'sent'", 2)
