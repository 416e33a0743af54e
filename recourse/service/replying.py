"""A text that somebody sends back: a stop word ends our texts to everybody on that number, and any other text
is kept as a contact and given to a person to read.

The number is all that is known of the sender, and several people may share it. 47 CFR 64.1200(a)(10) ties the
revocation to the number, 12 CFR 1006.14(h)(1) to the medium; so the medium is stopped for each of them, at
every number and on every loan. What they ask beyond it, in whatever words, a lead reads in the dossier and
answers with the task's outcomes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from recourse.contracts.messages import Nudge
from recourse.domain.ids import ContactPointId, LoanId, PersonId, TaskId
from recourse.domain.law.stop_words import asks_to_stop
from recourse.domain.situation import Channel
from recourse.service.ceasing import protect
from recourse.service.context import Unit
from recourse.storage import attempts, cases, points, steps, tasks
from recourse.storage.attempts import NewAttempt
from recourse.storage.cases import CaseRow
from recourse.storage.steps import StepRow

SENDER = "recipient"
"""The actor of what came in: who it was is not known."""
READ = "read_reply"


class Taken(StrEnum):
    """What became of a text; it says nothing about who sent it or what it says."""

    CEASED = "ceased"
    FOR_A_PERSON = "for_a_person"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Reply:
    """reference: the centre's own id of the text, empty where it gives none."""

    number: str = field(repr=False)
    text: str = field(repr=False)
    reference: str = ""


async def take_reply(unit: Unit, reply: Reply) -> tuple[Taken, tuple[Nudge, ...]]:
    """Once however often the centre delivers it: by the centre's id, else by number, text and day."""
    reached = dict(await points.on_number(unit.tx, reply.number))
    if not reached:
        return Taken.NOBODY, ()
    loans = await unit.lock_people(reached)
    key = _key(unit, reply)
    noted = await _note(unit, reply, key, reached, loans)
    if asks_to_stop(reply.text):
        payload = {"channels": [Channel.SMS.value], "by": SENDER, "source": f"in-{key}"}
        return Taken.CEASED, await protect(unit, f"cease-{key}", list(loans), payload)
    for case, attempt in noted:
        await _ask_a_person(unit, case, attempt)
    return Taken.FOR_A_PERSON, ()


def _key(unit: Unit, reply: Reply) -> str:
    told = reply.reference or f"{unit.now:%Y-%m-%d}"
    return hashlib.sha256(f"{reply.number}\0{told}\0{reply.text}".encode()).hexdigest()[:32]


async def _note(
    unit: Unit,
    reply: Reply,
    key: str,
    reached: Mapping[PersonId, ContactPointId],
    loans: Mapping[PersonId, Sequence[LoanId]],
) -> list[tuple[CaseRow, str]]:
    """The text as a contact of each loan of each person; returns the open cases that hear of it now."""
    open_cases = await cases.open_of(unit.tx, {loan for each in loans.values() for loan in each})
    heard: dict[str, tuple[CaseRow, str]] = {}
    for person, each in loans.items():
        for loan_id in each:
            case = open_cases.get(loan_id)
            whose = hashlib.sha256(f"{person} {loan_id}".encode()).hexdigest()[:12]
            new = NewAttempt(
                id=f"in-{key}-{whose}",
                loan_id=loan_id,
                case_id=case.id if case else None,
                step_id=None,
                decision=None,
                channel=Channel.SMS,
                person_id=person,
                contact_point_id=reached[person],
                at=unit.now,
                actor=SENDER,
                content=reply.text.replace("\0", ""),
            )
            if await attempts.add_inbound(unit.tx, new) and case is not None:
                heard.setdefault(case.id, (case, new.id))
    return list(heard.values())


async def _ask_a_person(unit: Unit, case: CaseRow, attempt: str) -> None:
    """A task at a time: who reads the newest text of a dossier reads the others too."""
    reason = "a text came in; it stands among the contacts of the dossier"
    row = StepRow(
        case.loan_id,
        case.id,
        case.decision,
        "reply",
        unit.now,
        reason,
        case.strategy,
        code=attempt,
        actor=SENDER,
    )
    await steps.append(unit.tx, row)
    waiting = await tasks.active_of(unit.tx, case.id)
    if any(task.step_id == READ for task in waiting):
        return
    await tasks.open_task(
        unit.tx,
        TaskId(f"task-{attempt}"),
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=READ,
        kind=READ,
        team="lead",
        at=unit.now,
        expires_at=None,
        attempt_id=attempt,
    )
