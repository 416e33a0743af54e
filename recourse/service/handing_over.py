"""The legal handover: approved by two people, the dossier fixed as bytes, sent once under one key."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import rfc8785

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import Refused
from recourse.domain.permits import PERMIT_RECALLED, PermitKind
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.domain.strategy.progress import progress
from recourse.ports import Handover
from recourse.service import doubt, permits
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked
from recourse.service.limiting import lines
from recourse.service.performing import ended, finish, refuse, still_due, too_late
from recourse.storage import legal, outbox, steps
from recourse.storage.dossier import dossier_document
from recourse.storage.legal import ActionRow


@dataclass(frozen=True, slots=True)
class Claimed:
    """permit: its id, asked once more right before the file leaves."""

    handover: Handover
    permit: str


async def claim(unit: Unit, command: StepCommand) -> Claimed | StepResult:
    """Gate once more, issue the permit and fix the document. A retry finds both."""
    due = await still_due(unit, command)
    if isinstance(due, StepResult):
        return due
    d, step = due
    verdict = gate(permits.effect_for(d, step), d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        return await refuse(unit, d, step, verdict)
    if await permits.was_taken_back(unit, d):
        reason = "a file that was recalled is not handed over again in this episode"
        return await finish(unit, d, step.id, StepOutcome.DECLINED, reason, code=PERMIT_RECALLED)
    case, proposed_by, approved_by = d.gathered.case, _actor(d, step.proposal), _actor(d, step.approval)
    basis = f"proposed in {step.proposal}, approved in {step.approval}"
    permit, fresh = await permits.issue(
        unit, d, step, purpose="handover", basis=basis, proposed_by=proposed_by, approved_by=approved_by
    )
    action = await legal.of_case(unit.tx, case.id)
    if action is None:
        known = lines(case.id, d.gathered.situation, d.rules.packs, unit.now)
        limitation = [asdict(line) for line in known]
        document = rfc8785.dumps(await dossier_document(unit.tx, case.loan_id, limitation))
        action = await legal.claim(
            unit.tx,
            f"handover-{case.id}",
            loan_id=case.loan_id,
            case_id=case.id,
            proposed_by=proposed_by,
            approved_by=approved_by,
            document=document,
            sha256=hashlib.sha256(document).hexdigest(),
            at=unit.now,
        )
    if action.document is None:
        raise LookupError(f"legal action {action.id}: its file was erased and is not made anew")
    if fresh:
        await steps.append(unit.tx, _claimed(unit, d, step, action.document_sha256))
    return Claimed(Handover(action.id, action.document, action.document_sha256), permit.id)


def _claimed(unit: Unit, d: Deliberation, step: Step, sha256: str) -> steps.StepRow:
    reason = f"handover allowed by the gate, dossier sha256 {sha256}"
    return d.row("claimed", unit.now, reason, step_id=step.id, inputs=d.inputs)


def _actor(d: Deliberation, step_id: str | None) -> str:
    done = [r for r in d.gathered.situation.steps if r.step_id == step_id and r.outcome is StepOutcome.DONE]
    return done[-1].by or ""


ACKNOWLEDGED = "acknowledged"


class ReferenceTaken(Exception):
    """The desk named a file by a reference under which it has another one of ours."""


async def acknowledge(unit: Unit, command: StepCommand, key: str, reference: str) -> StepResult:
    """Raises ReferenceTaken: a status could not tell the two files apart."""
    d = deliberate(unit, await locked(unit, command.case_id))
    known = await legal.by_reference(unit.tx, reference)
    if known is not None and known.id != key:
        raise ReferenceTaken
    await permits.answered(unit, d, PermitKind.LEGAL, ACKNOWLEDGED, over=False)
    if not await legal.acknowledge(unit.tx, key, reference):
        return await too_late(unit, d)
    await doubt.ends(unit, d, command.step_id)
    await _tell(unit, d, reference)
    reason = "handed over and acknowledged by the legal desk"
    return await finish(unit, d, command.step_id, StepOutcome.DONE, reason, code=ACKNOWLEDGED)


async def found_at_the_desk(unit: Unit, d: Deliberation) -> None:
    """The answer with its reference was lost, and the desk has the file: our key stands for the reference."""
    action = await legal.of_case(unit.tx, d.gathered.case.id)
    if action is not None and await legal.acknowledge(unit.tx, action.id, action.id):
        await permits.answered(unit, d, PermitKind.LEGAL, ACKNOWLEDGED, over=False)
        await _tell(unit, d, action.id)


async def known_by_its_status(unit: Unit, action: ActionRow) -> None:
    """A status under our key: the desk has the file, whatever became of its answer."""
    d = deliberate(unit, await locked(unit, action.case_id))
    await found_at_the_desk(unit, d)
    step = next(s for s in d.rules.strategy.steps if s.kind is StepKind.HANDOVER)
    if progress(d.gathered.situation, d.rules.strategy).done_at(step.id) is None:
        await doubt.ends(unit, d, step.id)
        await finish(unit, d, step.id, StepOutcome.DONE, "the legal desk reports on it", code=ACKNOWLEDGED)


async def _tell(unit: Unit, d: Deliberation, reference: str) -> None:
    case = d.gathered.case
    data = {"loan_id": case.loan_id, "episode": case.episode, "reference": reference}
    await outbox.put(unit.tx, case.loan_id, "recourse.legal.handed_over.v1", unit.now, data)


async def record_refused(unit: Unit, command: StepCommand, code: str) -> StepResult:
    d = deliberate(unit, await locked(unit, command.case_id))
    if ended(d, command.step_id):
        return await too_late(unit, d)
    await permits.answered(unit, d, PermitKind.LEGAL, code, over=True)
    await doubt.ends(unit, d, command.step_id)
    return await finish(unit, d, command.step_id, StepOutcome.UNABLE, "refused by the legal desk", code=code)
