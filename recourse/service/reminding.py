"""A reminder: claim a slot through the gate, send, record. Never sent blindly twice.

What if we die between claim and record? The claim stands without an outcome. The next try finds it, marks it
unknown (it may have been sent), and gives the question to a person instead of sending again. The step stays
open until the person, or the provider after all, has said what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import CaseId, LoanId, TaskId
from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.verdict import ContactEffect, RefusalCode, Refused
from recourse.domain.letter import LetterError
from recourse.domain.situation import AttemptOutcome, Channel, StepOutcome
from recourse.domain.strategy.address import contact_effect
from recourse.domain.strategy.ladder import Step
from recourse.ports import Accepted, Message
from recourse.service import doubt
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked
from recourse.service.performing import finish, refuse, still_due, too_late, try_number
from recourse.service.wording import compose
from recourse.storage import attempts, outbox, steps
from recourse.storage.attempts import NewAttempt, attempt_id

SYSTEM = "system"
INCOMPLETE, UNPRINTABLE = "letter_incomplete", "letter_unprintable"
"""Codes of a step whose letter lacks a value, or holds a sign that cannot be printed."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The slot is ours and the gate said yes: this message, and no other, may leave now. letter: canonical
    JSON of the letter that has to be pressed and kept before."""

    attempt_id: str
    loan_id: LoanId
    channel: Channel
    message: Message
    letter: bytes | None = field(default=None, repr=False)


async def claim(unit: Unit, command: StepCommand) -> Claimed | StepResult:
    """Decide and gate once more, then take the slot. Called at every try of the activity."""
    due = await still_due(unit, command, contacting=True)
    if isinstance(due, StepResult):
        return due
    d, step = due
    channel = step.channel
    if channel is None:
        raise ValueError(f"step {step.id}: a reminder needs a channel; mend the strategy file")
    key = attempt_id(d.gathered.case.id, step.id, channel, try_number(d, step))
    before = await attempts.state_of(unit.tx, key)
    if before is not None and before is not AttemptOutcome.NOT_SENT:
        return await _left_open(unit, d, step, key, before)
    effect = contact_effect(step, channel, d.gathered.situation)
    if effect is None:
        return await refuse(unit, d, step, Refused(RefusalCode.NO_CONTACT_POINT, HOUSE), channel)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        return await refuse(unit, d, step, verdict, channel)
    return await _take(unit, d, step, effect, key)


async def _take(
    unit: Unit, d: Deliberation, step: Step, effect: ContactEffect, key: str
) -> Claimed | StepResult:
    case, channel = d.gathered.case, effect.channel
    try:
        wording = await compose(unit, d, step, effect.person_id, effect.contact_point_id, key)
    except LetterError as error:
        return await finish(unit, d, step.id, StepOutcome.UNABLE, f"no letter: {error}", code=INCOMPLETE)
    new = NewAttempt(
        id=key,
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=step.id,
        decision=case.decision,
        channel=channel,
        person_id=effect.person_id,
        contact_point_id=effect.contact_point_id,
        at=unit.now,
        actor=SYSTEM,
        template=step.template,
        template_version=wording.version,
        language=wording.language,
        subject=wording.subject,
        content=wording.body,
    )
    await attempts.claim(unit.tx, new)
    row = d.row(
        "claimed", unit.now, f"{channel} allowed by the gate", step_id=step.id, code=key, inputs=d.inputs
    )
    await steps.append(unit.tx, row)
    message = Message(key, wording.to, wording.subject, wording.body, wording.language)
    return Claimed(key, case.loan_id, channel, message, wording.letter)


async def record_sent(unit: Unit, command: StepCommand, claimed: Claimed, answer: Accepted) -> StepResult:
    d = deliberate(unit, await locked(unit, command.case_id))
    first = await attempts.finish(
        unit.tx,
        claimed.attempt_id,
        AttemptOutcome.SENT,
        provider_refs=answer.provider_refs,
        parts=answer.parts,
    )
    if not first and not await doubt.ends(unit, d, command.step_id):
        return await too_late(unit, d)
    await tell_made(unit, d, command.step_id, claimed.channel)
    return await finish(unit, d, command.step_id, StepOutcome.DONE, f"{claimed.channel} sent", code="sent")


async def tell_made(unit: Unit, d: Deliberation, step_id: str, channel: Channel) -> None:
    """To the bank: the person was contacted."""
    case = d.gathered.case
    data = {
        "loan_id": case.loan_id,
        "episode": case.episode,
        "step": step_id,
        "channel": channel.value,
    }
    await outbox.put(unit.tx, case.loan_id, "recourse.contact.made.v1", unit.now, data)


async def record_not_sent(unit: Unit, command: StepCommand, claimed: Claimed) -> None:
    """It certainly never left: the slot is free again and the next try passes the gate anew."""
    d = deliberate(unit, await locked(unit, command.case_id))
    first = await attempts.finish(unit.tx, claimed.attempt_id, AttemptOutcome.NOT_SENT)
    if not first and await doubt.ends(unit, d, command.step_id):
        await finish(
            unit, d, command.step_id, StepOutcome.NOT_SENT, "it never left after all", code="not_sent"
        )


async def record_refused(unit: Unit, command: StepCommand, claimed: Claimed, code: str) -> StepResult:
    """The provider said no for good (no such address): the step is unable, its fallback takes over."""
    d = deliberate(unit, await locked(unit, command.case_id))
    first = await attempts.finish(unit.tx, claimed.attempt_id, AttemptOutcome.NOT_SENT, disposition=code)
    if not first and not await doubt.ends(unit, d, command.step_id):
        return await too_late(unit, d)
    return await finish(unit, d, command.step_id, StepOutcome.UNABLE, "refused by the provider", code=code)


async def record_unprintable(
    unit: Unit, command: StepCommand, claimed: Claimed, error: LetterError
) -> StepResult:
    """The letter cannot be printed as it is: nothing has left, and the fallback takes over."""
    d = deliberate(unit, await locked(unit, command.case_id))
    if not await attempts.finish(
        unit.tx, claimed.attempt_id, AttemptOutcome.NOT_SENT, disposition=UNPRINTABLE
    ):
        return await too_late(unit, d)
    reason = f"no letter: {error}"
    return await finish(unit, d, command.step_id, StepOutcome.UNABLE, reason, code=UNPRINTABLE)


async def record_unknown(unit: Unit, command: StepCommand, claimed: Claimed) -> StepResult:
    """The reply was lost. The caps count it as made, and a person finds out what happened."""
    d = deliberate(unit, await locked(unit, command.case_id))
    return await _unknown(unit, d, command.step_id, claimed.attempt_id)


async def _left_open(unit: Unit, d: Deliberation, step: Step, key: str, state: AttemptOutcome) -> StepResult:
    """A try before this one claimed the slot and died, or finished and could not say so."""
    if state is AttemptOutcome.CLAIMED:
        return await _unknown(unit, d, step.id, key)
    return await finish(unit, d, step.id, StepOutcome.DONE, "sent before", code=state.value)


async def _unknown(unit: Unit, d: Deliberation, step_id: str, key: str) -> StepResult:
    if not await attempts.finish(unit.tx, key, AttemptOutcome.UNKNOWN):
        return await too_late(unit, d)
    reason = "outcome unknown: not sent again, a person checks"
    return await doubt.leave_open(
        unit, d, step_id, TaskId(f"task-{key}"), team="agents", reason=reason, attempt_id=key
    )


async def reconcile_claim(unit: Unit, case_id: CaseId, step_id: str, key: str) -> None:
    """A sender died and its workflow never asked again (for example the case closed): close the claim."""
    d = deliberate(unit, await locked(unit, case_id))
    if await attempts.state_of(unit.tx, key) is AttemptOutcome.CLAIMED:
        await _unknown(unit, d, step_id, key)
