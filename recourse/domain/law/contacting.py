"""The gate's questions about a contact with a person: who, how and where, when, and how often."""

from __future__ import annotations

from collections.abc import Iterator

from recourse.domain.law import caps
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.inquiry import Answers, Inquiry, Question, heeded, house, lawful
from recourse.domain.law.reach import POINT_KINDS, unreachable
from recourse.domain.law.rules import PartyRule, Restricts
from recourse.domain.law.times import Times
from recourse.domain.law.verdict import ContactEffect, RefusalCode, Refused
from recourse.domain.situation import ContactPoint, Party, PartyRole


def contact_questions(effect: ContactEffect, q: Inquiry) -> Iterator[Question]:
    party = q.situation.party(effect.person_id)
    yield lawful("party", _party(party, effect, q))
    if party is None:
        return
    point = _point(party, effect)
    anew = point is not None and effect.channel in point.proved
    ceased = effect.channel in party.ceased and not anew
    yield house("ceased", Refused(RefusalCode.CEASED, HOUSE, detail=effect.channel.value) if ceased else None)
    represented = party.restrictions.represented
    yield heeded(Restricts.ATTORNEY, Refused(RefusalCode.REPRESENTED, HOUSE) if represented else None, q)
    yield house("contact_point", Refused(RefusalCode.NO_CONTACT_POINT, HOUSE) if point is None else None)
    if point is None:
        return
    barred = party.restrictions.bars(point.id, point.whereabouts)
    yield heeded(Restricts.PLACE, Refused(RefusalCode.INCONVENIENT_PLACE, HOUSE) if barred else None, q)
    yield lawful("consent", _consent(party, point, effect, q))
    times = Times(party, effect.channel, q.packs, q.now)
    yield lawful("hours", times.hours())
    yield lawful("rest_days", times.rest_days())
    yield heeded(Restricts.TIME, times.inconvenient(), q)
    yield lawful("caps", _caps(party, effect, q))


def _point(party: Party, effect: ContactEffect) -> ContactPoint | None:
    """The one that is meant, where it can be used, and by this channel."""
    named = (p for p in party.contact_points if p.id == effect.contact_point_id)
    fitting = (p for p in named if p.usable and p.kind in POINT_KINDS[effect.channel])
    return next(fitting, None)


def _party(party: Party | None, effect: ContactEffect, q: Inquiry) -> Answers:
    """Of each pack that speaks of parties, the rule for the role; without one the pack refuses."""
    role = party.role if party is not None else None
    for pack in q.packs:
        if not pack.parties:
            continue
        rule = next((r for r in pack.parties if role in r.roles), None)
        if rule is None:
            first = pack.parties[0]
            yield pack, first, Refused(RefusalCode.PARTY_NOT_PERMITTED, first.source.title)
        else:
            yield pack, rule, _against_party(rule, role, effect, q)


def _against_party(
    rule: PartyRule, role: PartyRole | None, effect: ContactEffect, q: Inquiry
) -> Refused | None:
    if effect.says not in rule.may_be_told:
        return Refused(RefusalCode.MAY_NOT_BE_TOLD, rule.source.title, detail=effect.says.value)
    if rule.only_if_unreachable and not unreachable(q.situation, rule.unreachable):
        return Refused(RefusalCode.BORROWER_REACHABLE, rule.source.title)
    return None


def _consent(party: Party, point: ContactPoint, effect: ContactEffect, q: Inquiry) -> Answers:
    for pack in q.packs:
        for rule in pack.consent:
            if effect.channel in rule.channels and rule.scope.covers_party(party.role):
                missing = effect.channel not in point.consent
                yield pack, rule, Refused(RefusalCode.NO_CONSENT, rule.source.title) if missing else None


def _caps(party: Party, effect: ContactEffect, q: Inquiry) -> Answers:
    loan_id, own = q.situation.case.loan_id, caps.own_points(party)
    ledger = caps.Ledger(q.situation.attempts, loan_id, party.zones, q.now, own)
    for pack in q.packs:
        for cap in pack.caps:
            if effect.channel in cap.channels and cap.scope.covers_party(party.role):
                opens, title = ledger.reopening(cap, effect), cap.source.title
                told = f"{cap.code} (presumption)" if cap.presumption else cap.code
                yield pack, cap, Refused(RefusalCode.CAP_REACHED, title, opens, told) if opens else None
        for wait in pack.conversation_waits:
            if effect.channel in caps.CALLS and wait.scope.covers_party(party.role):
                opens, title = ledger.wait_reopening(wait, effect), wait.source.title
                told = "presumption" if wait.presumption else ""
                yield (
                    pack,
                    wait,
                    Refused(RefusalCode.CONVERSATION_WAIT, title, opens, told) if opens else None,
                )
