"""The gate: each refusal on its own, with the real packs, and the order in which it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

import pytest

from recourse.domain.agreements import Agreement, AgreementState, Extension
from recourse.domain.delinquency import Arrears
from recourse.domain.facts import LoanEnd
from recourse.domain.ids import PersonId
from recourse.domain.law.gate import Packs, gate
from recourse.domain.law.notices import Notice
from recourse.domain.law.resting import RestDay
from recourse.domain.law.rules import Disclosure, LawPack
from recourse.domain.law.verdict import (
    AccelerationEffect,
    Allowed,
    Effect,
    HandoverEffect,
    LocateEffect,
    ReadPositionEffect,
    RecoveryEffect,
    RefusalCode,
    Refused,
)
from recourse.domain.positions import LocationRequest, Precision
from recourse.domain.restrictions import InconvenientPlace, InconvenientTime, Restrictions
from recourse.domain.situation import (
    Action,
    Channel,
    Hold,
    HoldReason,
    PartyRole,
    Situation,
    StepOutcome,
)
from recourse.packs.loader import load_packs
from tests.unit.domain.builders import (
    BORROWER,
    CN,
    CN_NOON,
    NEW_YORK,
    PHONE,
    US,
    US_NOON,
    attempt,
    borrower,
    contact,
    pack,
    promise,
    record,
    situation,
    with_attempts,
    with_steps,
)

CALL = contact()
LOCATE = LocateEffect("assess_recovery")
_REQUEST = LocationRequest(
    "location-1", "assess_recovery", Precision.COARSE, 5, CN_NOON + timedelta(minutes=1)
)
READ = ReadPositionEffect("assess_recovery", _REQUEST)
_LOCATING = replace(CN, location=load_packs().laws["CN"].location)
RECOVERY = RecoveryEffect(("demand",), 1, "anna", "boris")
YESTERDAY = CN_NOON - timedelta(days=1)
LONG_AGO = CN_NOON - timedelta(days=60)
NOTICES = (Notice("formal_demand", LONG_AGO, 31), Notice("cure_notice", LONG_AGO, 31))
HANDOVER = HandoverEffect("propose", "approve", ("demand",), NOTICES)


def approved(s: Situation, proposer: str | None = "anna", approver: str | None = "boris") -> Situation:
    return with_steps(
        s,
        record("demand", StepOutcome.DONE, YESTERDAY),
        record("propose", StepOutcome.DONE, YESTERDAY, by=proposer),
        record("approve", StepOutcome.DONE, YESTERDAY, by=approver),
    )


def of_persons(s: Situation, proposer: str | None, approver: str | None) -> Situation:
    """The same steps, whose actors' tokens say whose they are."""
    persons = {"propose": proposer, "approve": approver}
    return replace(s, steps=tuple(replace(r, person=persons.get(r.step_id)) for r in s.steps))


def hold(reason: HoldReason = HoldReason.DISPUTE, *stops: Action) -> Hold:
    return Hold("H-1", reason, YESTERDAY, None, frozenset(stops))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is changed about a case that everything is permitted in, and the code that must follow."""

    code: RefusalCode
    change: Callable[[Situation], Situation]
    effect: Effect = CALL
    law: Packs = (CN,)


def _other_party(s: Situation) -> Situation:
    return replace(s, parties=(*s.parties, borrower(role=PartyRole.REFERENCE, person_id=PersonId("C-9"))))


def _unusable(s: Situation) -> Situation:
    points = tuple(replace(p, usable=False) for p in s.parties[0].contact_points)
    return replace(s, parties=(replace(s.parties[0], contact_points=points),))


def _told(restrictions: Restrictions) -> Callable[[Situation], Situation]:
    return lambda s: replace(s, parties=(replace(s.parties[0], restrictions=restrictions),))


_RESTING = replace(
    CN,
    rest_days=tuple(
        replace(r, days=(RestDay(date(2026, 11, 6), "a holiday", provisional=True),)) for r in CN.rest_days
    ),
)
REFUSALS = [
    Refusal(
        RefusalCode.CASE_CLOSED, lambda s: replace(s, case=replace(s.case, closed_reason="cured")), LOCATE
    ),
    Refusal(RefusalCode.NOTHING_OVERDUE, lambda s: replace(s, account=replace(s.account, arrears=Arrears()))),
    Refusal(
        RefusalCode.NOTHING_OVERDUE, lambda s: replace(s, account=replace(s.account, ended=LoanEnd.SOLD))
    ),
    Refusal(RefusalCode.ARREARS_UNCERTAIN, lambda s: replace(s, account=replace(s.account, certain=False))),
    Refusal(RefusalCode.MASTER_DATA_MISSING, lambda s: replace(s, parties=())),
    Refusal(RefusalCode.NO_LAW_PACK, lambda s: s, law=()),
    Refusal(RefusalCode.HOLD, lambda s: replace(s, holds=(hold(),))),
    Refusal(
        RefusalCode.AGREEMENT_IN_FORCE,
        lambda s: replace(
            s, agreements=(Agreement("A-1", Extension(1), AgreementState.APPROVED, YESTERDAY),)
        ),
    ),
    Refusal(
        RefusalCode.PROMISE_PENDING,
        lambda s: replace(s, promises=(promise(YESTERDAY, date(2026, 11, 20)),)),
        LOCATE,
    ),
    Refusal(
        RefusalCode.PROMISE_PENDING,
        lambda s: replace(approved(s), promises=(promise(YESTERDAY, date(2026, 11, 20)),)),
        HANDOVER,
    ),
    Refusal(RefusalCode.MAY_NOT_BE_TOLD, _other_party, replace(contact(), person_id=PersonId("C-9"))),
    Refusal(
        RefusalCode.BORROWER_REACHABLE,
        _other_party,
        replace(contact(), person_id=PersonId("C-9"), says=Disclosure.WHEREABOUTS),
    ),
    Refusal(
        RefusalCode.PARTY_NOT_PERMITTED,
        _other_party,
        replace(contact(), person_id=PersonId("C-9")),
        (pack("elsewhere"),),
    ),
    Refusal(RefusalCode.PARTY_NOT_PERMITTED, lambda s: s, replace(contact(), person_id=PersonId("nobody"))),
    Refusal(RefusalCode.CEASED, lambda s: replace(s, parties=(borrower(ceased=frozenset({Channel.CALL})),))),
    Refusal(RefusalCode.REPRESENTED, _told(Restrictions(represented=True))),
    Refusal(RefusalCode.INCONVENIENT_PLACE, _told(Restrictions(places=(InconvenientPlace(PHONE),)))),
    Refusal(
        RefusalCode.INCONVENIENT_TIME,
        _told(Restrictions(times=(InconvenientTime(frozenset({5}), time(9), time(17)),))),
    ),
    Refusal(RefusalCode.REST_DAY, lambda s: s, contact(Channel.VISIT), (_RESTING,)),
    Refusal(RefusalCode.NO_CONTACT_POINT, _unusable),
    Refusal(
        RefusalCode.NO_CONSENT,
        lambda s: replace(s, parties=(borrower(consent=frozenset({Channel.CALL})),)),
        contact(Channel.SMS),
    ),
    Refusal(RefusalCode.OUTSIDE_HOURS, lambda s: replace(s, parties=(borrower(NEW_YORK),))),
    Refusal(RefusalCode.CAP_REACHED, lambda s: with_attempts(s, *[attempt(CN_NOON)] * 3)),
    Refusal(RefusalCode.CONVERSATION_WAIT, lambda s: with_attempts(s, attempt(YESTERDAY)), law=(US,)),
    Refusal(RefusalCode.NO_LAWFUL_BASIS, lambda s: replace(s, locate_basis=None), LOCATE),
    Refusal(RefusalCode.NO_LAWFUL_BASIS, lambda s: s, LocateEffect("")),
    Refusal(RefusalCode.NO_LAWFUL_BASIS, lambda s: replace(s, locate_basis=None), READ),
    Refusal(RefusalCode.HOLD, lambda s: replace(s, holds=(hold(),)), READ),
    Refusal(RefusalCode.PURPOSE_NOT_PERMITTED, lambda s: s, LocateEffect("find_the_owner"), (_LOCATING,)),
    Refusal(RefusalCode.LOCATION_NOT_REQUESTED, lambda s: s, replace(READ, request=None)),
    Refusal(RefusalCode.LOCATION_NOT_REQUESTED, lambda s: s, replace(READ, purpose="plan_visit")),
    Refusal(
        RefusalCode.LOCATION_REQUEST_ENDED,
        lambda s: s,
        replace(READ, request=replace(_REQUEST, ended_code="hold")),
    ),
    Refusal(
        RefusalCode.LOCATION_REQUEST_ENDED,
        lambda s: s,
        replace(READ, request=replace(_REQUEST, granted_until=CN_NOON)),
    ),
    Refusal(RefusalCode.STEP_MISSING, lambda s: s, LocateEffect("assess_recovery", ("notice",))),
    Refusal(
        RefusalCode.STEP_MISSING,
        lambda s: with_steps(s, *approved(s).steps[1:], record("demand", StepOutcome.UNABLE, YESTERDAY)),
        HANDOVER,
    ),
    Refusal(RefusalCode.NOTICE_MISSING, approved, replace(HANDOVER, notices=())),
    Refusal(
        RefusalCode.NOTICE_RUNNING,
        approved,
        replace(HANDOVER, notices=(Notice("formal_demand", YESTERDAY, 31),)),
    ),
    Refusal(
        RefusalCode.TOO_LITTLE_UNPAID,
        lambda s: s,
        AccelerationEffect(notices=NOTICES),
        (replace(CN, least_unpaid=load_packs().laws["CN"].least_unpaid),),
    ),
    Refusal(RefusalCode.NOT_APPROVED, lambda s: with_steps(s, *approved(s).steps[:2]), HANDOVER),
    Refusal(RefusalCode.NOT_APPROVED, lambda s: approved(s, approver=None), HANDOVER),
    Refusal(RefusalCode.NOT_APPROVED, lambda s: approved(s, proposer=None), HANDOVER),
    Refusal(RefusalCode.APPROVER_IS_REQUESTER, lambda s: approved(s, approver="anna"), HANDOVER),
    Refusal(RefusalCode.APPROVER_IS_REQUESTER, lambda s: of_persons(approved(s), "p-1", "p-1"), HANDOVER),
    Refusal(RefusalCode.APPROVER_IS_REQUESTER, lambda s: of_persons(approved(s), "boris", None), HANDOVER),
    Refusal(RefusalCode.HOLD, lambda s: replace(approved(s), holds=(hold(),)), RECOVERY),
    Refusal(
        RefusalCode.PROMISE_PENDING,
        lambda s: replace(approved(s), promises=(promise(YESTERDAY, date(2026, 11, 20)),)),
        RECOVERY,
    ),
    Refusal(RefusalCode.STEP_MISSING, lambda s: s, RECOVERY),
    Refusal(RefusalCode.NOTICE_RUNNING, approved, replace(RECOVERY, wait_days=2)),
    Refusal(RefusalCode.NOT_APPROVED, approved, replace(RECOVERY, approved_by="")),
    Refusal(RefusalCode.APPROVER_IS_REQUESTER, approved, replace(RECOVERY, approved_by="anna")),
]


@pytest.mark.parametrize("case", REFUSALS, ids=[f"{n}-{r.code}" for n, r in enumerate(REFUSALS)])
def test_one_thing_amiss_is_refused_with_its_code_and_a_source(case: Refusal) -> None:
    verdict = gate(case.effect, case.change(situation()), case.law, CN_NOON)
    assert isinstance(verdict, Refused)
    assert verdict.code is case.code
    assert verdict.source


def test_under_a_request_that_runs_a_position_may_be_read() -> None:
    verdict = gate(READ, situation(), (CN,), CN_NOON)
    assert isinstance(verdict, Allowed)
    assert verdict.checked[-1] == "request"


def test_where_a_rule_of_the_law_is_the_basis_no_consent_is_asked_for() -> None:
    [agreed] = _LOCATING.locate_basis
    by_law = replace(_LOCATING, locate_basis=(replace(agreed, consent=False),))
    without = replace(situation(), locate_basis=None)
    assert isinstance(gate(LocateEffect("assess_recovery"), without, (by_law,), CN_NOON), Allowed)
    refused = gate(LocateEffect("assess_recovery"), without, (by_law, _LOCATING), CN_NOON)
    assert isinstance(refused, Refused)  # the stricter of two wins


def test_a_rest_day_that_may_yet_be_moved_says_so() -> None:
    verdict = gate(contact(Channel.VISIT), situation(), (_RESTING,), CN_NOON)
    assert isinstance(verdict, Refused)
    assert verdict.detail == "a holiday (provisional)"


def test_every_refusal_code_is_held_by_a_test() -> None:
    assert {r.code for r in REFUSALS} == set(RefusalCode)


@pytest.mark.parametrize("channel", list(Channel))
def test_with_nothing_amiss_a_contact_is_allowed_and_says_what_was_asked(channel: Channel) -> None:
    verdict = gate(contact(channel), situation(), (CN,), CN_NOON)
    who = ("debt", "law", "holds", "party", "ceased", "represented", "contact_point", "inconvenient_place")
    assert verdict == Allowed((*who, "consent", "hours", "rest_days", "inconvenient_time", "caps"))


def test_with_nothing_amiss_locating_and_handing_over_are_allowed() -> None:
    s = approved(situation())
    assert isinstance(gate(LOCATE, s, (CN,), CN_NOON), Allowed)
    assert isinstance(gate(RECOVERY, s, (CN,), CN_NOON), Allowed)
    assert isinstance(gate(HANDOVER, s, (CN,), CN_NOON), Allowed)
    assert isinstance(gate(HANDOVER, of_persons(s, "p-1", "p-2"), (CN,), CN_NOON), Allowed)


def test_a_payment_that_ends_the_debt_outweighs_every_other_answer() -> None:
    s = replace(situation(), account=replace(situation().account, arrears=Arrears()), holds=(hold(),))
    verdict = gate(contact(), s, (CN,), CN_NOON)
    assert isinstance(verdict, Refused)
    assert verdict.code is RefusalCode.NOTHING_OVERDUE


def test_a_promise_pauses_locating_and_legal_steps_but_not_the_borrowers_own_wish_to_talk() -> None:
    s = replace(situation(), promises=(promise(YESTERDAY, date(2026, 11, 20)),))
    assert isinstance(gate(contact(), s, (CN,), CN_NOON), Allowed)


@pytest.mark.parametrize("role", [PartyRole.BORROWER, PartyRole.JOINT, PartyRole.GUARANTOR])
@pytest.mark.parametrize("law", [CN, US], ids=["CN", "US"])
def test_those_who_owe_may_be_contacted(law: LawPack, role: PartyRole) -> None:
    s = situation(US_NOON, zone=NEW_YORK)
    other = borrower("Asia/Shanghai" if law is CN else NEW_YORK, role=role, person_id=PersonId("C-2"))
    main = replace(s.parties[0], person_id=BORROWER)
    now = CN_NOON if law is CN else US_NOON
    effect = replace(contact(), person_id=PersonId("C-2"))
    assert isinstance(gate(effect, replace(s, parties=(main, other)), (law,), now), Allowed)


def test_a_person_who_is_nowhere_cannot_be_asked_about() -> None:
    """Every hour would be lawful."""
    with pytest.raises(ValueError, match="zones"):
        replace(borrower(), zones=())
