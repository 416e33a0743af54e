"""The gate's questions about what cannot be taken back: reading a position, giving the file to the lawyers,
taking the vehicle and selling it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from recourse.domain.law.holds import HOUSE
from recourse.domain.law.hours import local_date
from recourse.domain.law.inquiry import Answers, Inquiry, Question, house, lawful
from recourse.domain.law.location import permitting
from recourse.domain.law.notices import Notice, standings, too_little_unpaid
from recourse.domain.law.rules import Move
from recourse.domain.law.verdict import (
    AccelerationEffect,
    HandoverEffect,
    LocateEffect,
    ReadPositionEffect,
    RecoveryEffect,
    RefusalCode,
    Refused,
    SaleEffect,
)
from recourse.domain.situation import PromiseState


def locate_questions(effect: LocateEffect, q: Inquiry) -> Iterator[Question]:
    yield house("promise", _promise(q))
    yield house("steps", _steps(effect.requires, q))
    yield lawful("basis", _basis(effect, q))
    yield lawful("purpose", _purpose(effect, q))


def read_questions(effect: ReadPositionEffect, q: Inquiry) -> Iterator[Question]:
    yield from locate_questions(LocateEffect(effect.purpose, effect.requires), q)
    yield house("request", _request(effect, q))


def acceleration_questions(effect: AccelerationEffect, q: Inquiry) -> Iterator[Question]:
    yield house("promise", _promise(q))
    yield house("steps", _steps(effect.requires, q))
    yield lawful("notices", _notices(Move.ACCELERATION, effect.notices, q))
    yield lawful("unpaid", _unpaid(Move.ACCELERATION, q))


def handover_questions(effect: HandoverEffect, q: Inquiry) -> Iterator[Question]:
    yield house("promise", _promise(q))
    yield house("steps", _steps(effect.requires, q))
    yield lawful("notices", _notices(Move.LEGAL, effect.notices, q))
    yield lawful("unpaid", _unpaid(Move.LEGAL, q))
    yield lawful("approval", _approval(_against_approval(effect, q), q))


def recovery_questions(effect: RecoveryEffect, q: Inquiry) -> Iterator[Question]:
    yield house("promise", _promise(q))
    yield house("steps", _steps(effect.requires, q))
    yield house("notice", _notice(effect, q))
    yield lawful("notices", _notices(Move.RECOVERY, effect.notices, q))
    yield lawful("unpaid", _unpaid(Move.RECOVERY, q))
    yield lawful("approval", _approval(_against_persons(effect), q))


def sale_questions(effect: SaleEffect, q: Inquiry) -> Iterator[Question]:
    yield house("promise", _promise(q))
    yield lawful("notices", _notices(Move.SALE, effect.notices, q))
    yield lawful("unpaid", _unpaid(Move.SALE, q))


def _promise(q: Inquiry) -> Refused | None:
    pending = any(p.state is PromiseState.OPEN for p in q.situation.promises)
    return Refused(RefusalCode.PROMISE_PENDING, HOUSE) if pending else None


def _steps(requires: tuple[str, ...], q: Inquiry) -> Refused | None:
    missing = [step for step in requires if step not in q.done()]
    return Refused(RefusalCode.STEP_MISSING, HOUSE, detail=", ".join(missing)) if missing else None


def _basis(effect: LocateEffect, q: Inquiry) -> Answers:
    agreed = q.situation.locate_basis is not None
    for pack in q.packs:
        for rule in pack.locate_basis:
            given = bool(effect.purpose) and (agreed or not rule.consent)
            yield pack, rule, None if given else Refused(RefusalCode.NO_LAWFUL_BASIS, rule.source.title)


def _purpose(effect: LocateEffect, q: Inquiry) -> Answers:
    """A pack that says what positions may be read for, permits nothing else."""
    for pack in q.packs:
        rules = list(permitting(effect.purpose, pack))
        for rule in rules:
            yield pack, rule, None
        if pack.location and not rules:
            first, code = pack.location[0], RefusalCode.PURPOSE_NOT_PERMITTED
            yield pack, first, Refused(code, first.source.title, detail=effect.purpose)


def _request(effect: ReadPositionEffect, q: Inquiry) -> Refused | None:
    request = effect.request
    if request is None or request.purpose != effect.purpose:
        return Refused(RefusalCode.LOCATION_NOT_REQUESTED, HOUSE, detail=effect.purpose)
    if request.ended_code is not None:
        return Refused(RefusalCode.LOCATION_REQUEST_ENDED, HOUSE, detail=request.ended_code)
    if request.granted_until <= q.now:
        return Refused(RefusalCode.LOCATION_REQUEST_ENDED, HOUSE, detail="expired")
    return None


def _notice(effect: RecoveryEffect, q: Inquiry) -> Refused | None:
    """Whether the days have passed that the person was given by the last notice."""
    given = [q.done()[step].at for step in effect.requires]
    over = max(given) + timedelta(days=effect.wait_days) if given else q.now
    return Refused(RefusalCode.NOTICE_RUNNING, HOUSE, over) if over > q.now else None


def _notices(move: Move, given: Iterable[Notice], q: Inquiry) -> Answers:
    for found in standings(move, given, q.packs, q.situation.lender_zone, q.now):
        title, template = found.rule.source.title, found.rule.template
        refusal = None
        if found.opens is None:
            refusal = Refused(RefusalCode.NOTICE_MISSING, title, detail=template)
        elif q.now < found.opens:
            refusal = Refused(RefusalCode.NOTICE_RUNNING, title, found.opens, template)
        yield found.pack, found.rule, refusal


def _unpaid(move: Move, q: Inquiry) -> Answers:
    today = local_date(q.now, q.situation.lender_zone)
    for pack, rule, why in too_little_unpaid(move, q.situation, q.packs, today):
        title = rule.source.title
        yield pack, rule, Refused(RefusalCode.TOO_LITTLE_UNPAID, title, detail=why) if why else None


def _approval(code: RefusalCode | None, q: Inquiry) -> Answers:
    for pack in q.packs:
        for rule in pack.handover:
            yield pack, rule, None if code is None else Refused(code, rule.source.title)


def _against_approval(effect: HandoverEffect, q: Inquiry) -> RefusalCode | None:
    proposal, approval = q.done().get(effect.proposal), q.done().get(effect.approval)
    if proposal is None or approval is None or proposal.done_by is None or approval.done_by is None:
        return RefusalCode.NOT_APPROVED
    return RefusalCode.APPROVER_IS_REQUESTER if proposal.done_by == approval.done_by else None


def _against_persons(effect: RecoveryEffect) -> RefusalCode | None:
    if not effect.proposed_by or not effect.approved_by:
        return RefusalCode.NOT_APPROVED
    return RefusalCode.APPROVER_IS_REQUESTER if effect.proposed_by == effect.approved_by else None
