"""How a case stands at this moment, for whoever is about to act: what comes next and why, what the law allows
now and when it opens, how much of each cap is used, and what happens if nobody does anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Close, Decision, DoStep, Wait
from recourse.domain.ids import CaseId, PersonId
from recourse.domain.law import caps
from recourse.domain.law.gate import examine, gate
from recourse.domain.law.rule import Mark
from recourse.domain.law.verdict import ContactEffect, Refused
from recourse.domain.situation import Channel, Party, Situation
from recourse.domain.strategy.address import choose_point
from recourse.packs.strict import PackError
from recourse.service.context import Services
from recourse.service.deciding import rules_for
from recourse.service.limiting import LimitationLine, lines
from recourse.storage.database import ReadTx
from recourse.storage.situation import Gathered, gather


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """One way to reach the borrower, asked of the gate for this moment. code: why not; None for yes.
    opens_at: when the same may be lawful; None where time alone does not open it. detail: which cap, hold or
    agreement. sources: who says so, each with how sure that is."""

    channel: Channel
    code: str | None
    source: str
    opens_at: datetime | None
    detail: str
    sources: tuple[tuple[str, Mark], ...]


@dataclass(frozen=True, slots=True)
class CapNow:
    """used: contacts that count in the window of now. days: of the window; None for the calendar day."""

    rule: str
    channels: tuple[Channel, ...]
    used: int
    limit: int
    days: int | None
    reopens_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody on the loan, by opaque id. points: kinds of usable contact points with how many."""

    person_id: PersonId
    role: str
    zones: tuple[str, ...]
    points: tuple[tuple[str, int], ...]
    ceased: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """next_kind: step, wait or close; next_code: its step, or why. strategy: None where it is not installed,
    and then nothing is known of what comes next. installments: due date and what is unpaid, oldest first."""

    strategy: str | None
    stage: str
    dpd: int
    bucket: str
    next_kind: str
    next_code: str
    next_at: datetime | None
    skipped: tuple[tuple[str, str], ...]
    people: tuple[Who, ...]
    channels: tuple[ChannelNow, ...]
    caps: tuple[CapNow, ...]
    limitation: tuple[LimitationLine, ...]
    unpaid_minor: int
    currency: str
    zone: str
    lender: str
    installments: tuple[tuple[date, int], ...]


async def standing(services: Services, tx: ReadTx, case_id: CaseId, now: datetime) -> Standing:
    """Raises LookupError when there is no such case."""
    gathered = await gather(tx, case_id, now)
    s, case = gathered.situation, gathered.case
    unpaid = tuple((one.due_date, one.unpaid_minor) for one in s.account.arrears.installments)
    rules = _rules(services, gathered, now)
    decision = decide(s, rules, now) if rules else None
    plan = _plan(decision) if decision else ("wait", "strategy_missing", None)
    borrower = s.borrower()
    return Standing(
        strategy=rules.strategy.name if rules else None,
        stage=decision.stage.value if decision else case.stage,
        dpd=decision.dpd if decision else case.dpd,
        bucket=decision.bucket if decision else case.bucket,
        next_kind=plan[0],
        next_code=plan[1],
        next_at=plan[2],
        skipped=decision.skipped if decision else (),
        people=tuple(_who(party) for party in s.parties),
        channels=_channels(borrower, s, rules, now) if rules and borrower else (),
        caps=_caps(borrower, s, rules, now) if rules and borrower else (),
        limitation=tuple(lines(case.id, s, rules.packs, now)) if rules else (),
        unpaid_minor=sum(minor for _, minor in unpaid),
        currency=s.currency,
        zone=s.lender_zone,
        lender=gathered.loan.lender,
        installments=unpaid,
    )


def _rules(services: Services, gathered: Gathered, now: datetime) -> Rules | None:
    """None for a case whose strategy is not installed here."""
    try:
        return rules_for(services.book, services.lenders, gathered, now)
    except PackError:
        return None


def _plan(decision: Decision) -> tuple[str, str, datetime | None]:
    match decision.plan:
        case DoStep(step_id=step_id, due_at=due_at):
            return "step", step_id, due_at
        case Wait(reason=reason, until=until):
            return "wait", reason.value, until
        case Close(reason=closing):
            return "close", closing.value, None


def _who(party: Party) -> Who:
    kinds = [point.kind for point in party.contact_points if point.usable]
    counted = tuple((kind, kinds.count(kind)) for kind in sorted(set(kinds)))
    ceased = tuple(sorted(channel.value for channel in party.ceased))
    return Who(party.person_id, party.role.value, party.zones, counted, ceased)


def _effects(borrower: Party) -> list[ContactEffect]:
    """One a channel, on the contact point that a step would choose."""
    found = []
    for channel in Channel:
        point = choose_point(borrower, channel)
        if point is not None:
            found.append(ContactEffect(channel, borrower.person_id, point.id))
    return found


def _channels(borrower: Party, s: Situation, rules: Rules, now: datetime) -> tuple[ChannelNow, ...]:
    answers = []
    for effect in _effects(borrower):
        verdict = gate(effect, s, rules.packs, now)
        if isinstance(verdict, Refused):
            marks = {
                (check.source, check.mark)
                for check in examine(effect, s, rules.packs, now)
                if check.refusal is not None and check.refusal.code is verdict.code
            }
            answers.append(
                ChannelNow(
                    effect.channel,
                    verdict.code.value,
                    verdict.source,
                    verdict.opens_at,
                    verdict.detail,
                    tuple(sorted(marks)),
                )
            )
        else:
            answers.append(ChannelNow(effect.channel, None, "", None, "", ()))
    return tuple(answers)


def _caps(borrower: Party, s: Situation, rules: Rules, now: datetime) -> tuple[CapNow, ...]:
    own = caps.own_points(borrower)
    ledger = caps.Ledger(s.attempts, s.case.loan_id, borrower.zones, now, own)
    by_channel = {effect.channel: effect for effect in _effects(borrower)}
    found = []
    for pack in rules.packs:
        for cap in pack.caps:
            effects = [by_channel[channel] for channel in sorted(cap.channels) if channel in by_channel]
            if not effects or not cap.scope.covers_party(borrower.role):
                continue
            used = max(ledger.used(cap, effect) for effect in effects)
            opens = [at for effect in effects if (at := ledger.reopening(cap, effect)) is not None]
            channels = tuple(sorted(cap.channels))
            title = cap.source.title
            found.append(
                CapNow(cap.code, channels, used, cap.limit, cap.window_days, max(opens, default=None), title)
            )
    return tuple(found)
