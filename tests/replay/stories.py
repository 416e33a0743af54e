"""What happens to the loans whose cases are recorded: each story runs until its case is closed.

Days count from the start of the recording. The bank's and people's doings are told here; everything between
them is Recourse's own.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import HoldReason
from recourse.domain.strategy.migration import Move
from recourse.service import desk_statuses, migrating, noting
from recourse.service.context import Unit
from recourse.service.desk_statuses import Status
from recourse.service.noting import HoldRequest
from tests.events import arrears, overdue, payment, reversal, snapshot
from tests.replay.deployment import Deployment, until

MONTHLY = 352_017
LEAD = "person-lead"
NOW, BEFORE = "cn_auto@2026-11-27", "cn_auto@2026-11-01"
"""China's default ladder, and the one it replaced."""


async def reference(d: Deployment) -> None:
    await _begin(d, dpd=1)
    await d.day(24)
    await _pay_part(d, 1, dpd=1, left=300_000)
    await d.day(58)
    await _pay_part(d, 2, dpd=1, left=250_000)
    await d.work("propose_legal", "agent", "propose")
    await d.work("approve_legal", "lead", "approve")
    await d.ended("handover", "done")
    await d.day(119)
    await _pay_all(d)


async def default_ladder(d: Deployment) -> None:
    await _begin(d, dpd=1)
    await d.work("call_first", "agent", "refuses")
    await d.work("screening", "agent", "done")
    await d.work("call_lead", "lead", "no_answer")
    await d.work("call_lead", "lead", "refuses")
    await d.work("visit", "vehicle", "done")
    await d.work("propose_legal", "legal", "propose")
    await d.work("approve_legal", "lead", "approve")
    await d.ended("handover", "done")
    [filed] = await d.rows("SELECT reference FROM legal_action")
    for status in ("received", "accepted", "concluded"):
        told = Status(filed["reference"], f"{d.loan}-{status}", status, d.now())
        await d.tell(partial(desk_statuses.note_legal_status, told=told))
    await d.closed()


async def ladder_of_the_united_states(d: Deployment) -> None:
    """On day 0 it is still the day before in New York."""
    await _begin(d, dpd=2, region="US")
    await d.work("call_first", "agent", "refuses")
    await d.work("screening", "agent", "done")
    await d.work("call_lead", "lead", "no_answer")
    await d.work("call_lead", "lead", "refuses")
    await d.work("propose_legal", "legal", "propose")
    await d.work("approve_legal", "lead", "approve")
    await d.ended("handover", "done")
    await _pay_all(d, currency="USD")


async def payment_reversed(d: Deployment) -> None:
    """One with a statement; then one without, of a payment whose allocation only the bank knows: nobody is
    contacted about a doubtful amount until it has said what is owed."""
    await _begin(d, dpd=1)
    await d.ended("sms_friendly", "done")
    await _pay_part(d, 1, dpd=1, left=302_017)
    owed = arrears((7, d.on(-1), MONTHLY))
    await d.publish(reversal(d.loan, at=d.now(), of="P-1", sequence=12, left=owed))
    await d.ended("email_friendly", "done")
    await _pay_part(d, 3, dpd=1, left=302_017)
    await d.publish(reversal(d.loan, at=d.now(), of="P-3", sequence=14))
    await d.day(6)
    await d.publish(overdue(d.loan, at=d.now(), days=7, amount=MONTHLY, sequence=15))
    await d.ended("sms_firm", "done")
    await _pay_all(d)


async def cured_while_a_timer_waits(d: Deployment) -> None:
    await _begin(d, dpd=1)
    await d.ended("sms_friendly", "done")
    await d.day(1.6)
    await _pay_all(d)


async def promise_kept(d: Deployment) -> None:
    await _begin(d, dpd=5)
    promised = {"promise_minor": 50_000, "promise_on": d.on(2).isoformat()}
    await d.work("call_first", "agent", "promise", **promised)
    await d.day(1.5)
    await _pay_part(d, 1, dpd=5, left=300_000)
    await d.ended("sms_firm", "done")
    await _pay_all(d)


async def promise_broken(d: Deployment) -> None:
    """And nobody takes the next task in time."""
    await _begin(d, dpd=5)
    promised = {"promise_minor": 50_000, "promise_on": d.on(1).isoformat()}
    await d.work("call_first", "agent", "promise", **promised)
    await d.ended("sms_firm", "done")
    await d.ended("screening", "unable")
    await _pay_all(d)


async def holds_placed_and_lifted(d: Deployment) -> None:
    """One by a letter, one by what was said on the phone."""
    await _begin(d, dpd=1)
    await d.ended("sms_friendly", "done")
    await d.day(1.6)
    await d.tell(partial(_dispute, loan=LoanId(d.loan)))
    await d.day(2.6)
    await _lift(d)
    await d.work("call_first", "agent", "disputes")
    await d.day(9.4)
    await _lift(d)
    await d.task("screening")
    await _pay_all(d)


async def moved_to_another_ladder(d: Deployment) -> None:
    """While a timer waits for a step that both ladders have on the same day."""
    await _begin(d, dpd=1)
    await d.ended("sms_friendly", "done")
    await d.day(1.6)
    await _move(d, NOW, BEFORE)
    await d.ended("email_friendly", "done")
    await d.task("call_first")
    await _pay_all(d)


async def history_grew_long(d: Deployment) -> None:
    """Much is heard in one stage, at a server that calls a history long early."""
    await _begin(d, dpd=1)
    await d.ended("sms_friendly", "done")
    for number in range(6):
        await d.tell(partial(_dispute, loan=LoanId(d.loan), request=f"dispute-{number}"))
        await _lift(d)
    await d.ended("email_friendly", "done")
    await _pay_all(d)


async def locator_away(d: Deployment) -> None:
    await _begin(d, dpd=16)
    await d.ended("locate_vehicle", "unable")
    await d.work("locate_by_hand", "vehicle", "located")
    await _pay_all(d)


async def mail_away(d: Deployment) -> None:
    await _begin(d, dpd=15)
    await d.ended("notice_written", "unable")
    await d.ended("notice_written_sms", "done")
    await _pay_all(d)


async def legal_desk_away(d: Deployment) -> None:
    await _begin(d, dpd=62)
    await d.work("propose_legal", "legal", "propose")
    await d.work("approve_legal", "lead", "approve")
    await d.ended("handover", "open")
    await d.work("handover", "legal", "delivered")
    await _pay_all(d)


async def answers(d: Deployment) -> None:
    """Refused by the service, rejected by the validator, accepted, and repeated in this and a later run."""
    await _begin(d, dpd=5)
    task = await d.task("call_first")
    stranger = await d.answer(task, "claim", "legal")
    assert stranger.code == "role_not_permitted"
    empty = await d.answer(task, "complete", "agent")
    assert empty.code == "outcome"
    claims = [await d.answer(task, "claim", "agent", request_id=f"{d.loan}-claim") for _ in range(2)]
    assert claims[0] == claims[1]
    assert claims[0].accepted
    said = {"request_id": f"{d.loan}-done", "outcome": "refuses"}
    first = await d.answer(task, "complete", "agent", **said)
    await d.ended("locate_vehicle", "done")
    again = await d.answer(task, "complete", "agent", **said)
    assert first == again
    await _pay_all(d)


async def database_away(d: Deployment) -> None:
    """First when an agent answers, then when a promise has to be judged."""
    await _begin(d, dpd=5)
    task = await d.task("call_first")
    claimed = await d.answer(task, "claim", "agent")
    assert claimed.accepted
    said: dict[str, Any] = {"outcome": "promise", "promise_minor": 50_000, "promise_on": d.on(1).isoformat()}
    async with d.database_away():
        answering = asyncio.create_task(d.answer(task, "complete", "agent", **said))
        await until("the answer to be a regular activity", partial(d.orders, "task.answer"))
    answered = await answering
    assert answered.accepted
    await d.day(2.5)
    async with d.database_away():
        await until("the decision to be a regular activity", partial(d.orders, "case.decide"))
    await d.ended("sms_firm", "done")
    await _pay_all(d)


async def master_data_late(d: Deployment) -> None:
    await d.publish(overdue(d.loan, at=d.at(0), days=1, amount=MONTHLY))
    await d.day(1.5)
    await d.publish(snapshot(d.loan, at=d.now()))
    await d.ended("email_friendly", "done")
    await _pay_all(d)


async def sweep(d: Deployment) -> None:
    """A fact whose nudge was lost: the sweep finds it, and the case closes."""
    await _begin(d, dpd=1)
    await d.ended("sms_friendly", "done")
    await _pay_all(d, tell=False)
    await d.sweep()
    await d.closed()


async def _begin(d: Deployment, dpd: int, region: str = "CN") -> None:
    """One installment, `dpd` days past due on day 0."""
    currency = "CNY" if region == "CN" else "USD"
    known = snapshot(d.loan, at=d.at(0), region=region, currency=currency)
    await d.publish(known, overdue(d.loan, at=d.at(0), days=dpd, amount=MONTHLY, region=region))


async def _pay_part(d: Deployment, number: int, *, dpd: int, left: int) -> None:
    """`left` of the installment stays unpaid."""
    rest = arrears((7, d.on(-dpd), left))
    paid: dict[str, Any] = {"amount": 50_000, "sequence": 10 + number, "payment_id": f"P-{number}"}
    await d.publish(payment(d.loan, at=d.now(), cured=False, left=rest, **paid))


async def _pay_all(d: Deployment, *, tell: bool = True, currency: str = "CNY") -> None:
    paid: dict[str, Any] = {"amount": MONTHLY, "sequence": 99, "payment_id": "P-99", "currency": currency}
    await d.publish(payment(d.loan, at=d.now(), **paid), tell=tell)
    if tell:
        await d.closed()


async def _dispute(unit: Unit, loan: LoanId, request: str = "dispute") -> tuple[Nudge, ...]:
    asked = HoldRequest(HoldReason.DISPUTE, LEAD, "a letter", loan_id=loan, request_id=request)
    return (await noting.place_hold(unit, asked))[1]


async def _move(d: Deployment, source: str, target: str) -> None:
    """As `recourse strategy migrate` does: foreseen, shown, confirmed."""
    move = Move(d.services.book.strategy(source), d.services.book.strategy(target))
    foreseen = await migrating.foresee_cases(d.services, move, [CaseId(d.case_id)])
    shown = await migrating.show(d.services, move, foreseen)

    async def confirmed(unit: Unit) -> tuple[Nudge, ...]:
        moved, nudges = await migrating.migrate_case(unit, CaseId(d.case_id), shown, move, LEAD)
        assert moved.state == "moved", moved
        return nudges

    await d.tell(confirmed)


async def _lift(d: Deployment) -> None:
    [held] = await d.rows("SELECT id FROM hold WHERE lifted_at IS NULL")
    await d.tell(partial(noting.lift_hold, key=held["id"], actor=LEAD))
