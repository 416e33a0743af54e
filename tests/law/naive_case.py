"""What the law forbids of a whole case, typed once more: debt, holds, parties, consent, notices, two people.

Naive as `tests.law.naive` is, and beside it: it shares no code with the gate, reads no pack, and may be wrong
only by forbidding too little. Days are counted at the lender's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from recourse.domain.law.verdict import (
    AccelerationEffect,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    RecoveryEffect,
    SaleEffect,
)
from recourse.domain.situation import ContactPoint, Notice, Party, Situation
from tests.law.naive import bad_times, breaches

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TOUCHES = {"message", "call", "visit"}
MOVES = {"locate", "legal", "recovery"}
STOPS = dict.fromkeys(
    ("dispute", "hardship", "bankruptcy", "breathing_space", "death", "disaster", "payment_plan", "operator"),
    TOUCHES | MOVES,
) | {"military_service": {"visit"} | MOVES, "complaint": TOUCHES}
"""Every country's pack lets each reason stop the same of these."""
LEADS_TO = {
    "call": {"mobile", "landline", "phone"},
    "sms": {"mobile"},
    "email": {"email"},
    "visit": {"address"},
    "letter": {"address"},
}
ASKS_OTHERS = {"CN", "US", "US-CO", "US-MA", "US-WI"}
"""Where a third person may be asked for the borrower, and only once he cannot be reached."""
CURE = {"US": (20, 12), "US-CO": (20, 12), "US-MA": (21, 0), "US-WI": (20, 0)}
"""Days of the right to cure (the house's twenty, where the state has fewer), and months for which one notice
is enough; 0 where each default wants its own."""
FORBEARANCE_FROM = date(2026, 11, 20)


def forbidden(place: str, effect: Effect, s: Situation, now: datetime) -> list[str]:
    """Every reason that this checker knows; empty when it has no objection."""
    found = _no_debt(s, now)
    action = _action(effect)
    for hold in s.holds:
        stops = STOPS[hold.reason.value] | {stopped.value for stopped in hold.stops}
        if action in stops and (hold.until is None or now < hold.until):
            found.append(f"held: {hold.reason.value}")
    match effect:
        case ContactEffect():
            found += _contact(place, effect, s, now)
        case LocateEffect():
            found += [] if s.locate_basis and effect.purpose else ["no basis"]
        case HandoverEffect():
            found += _notices(place, "legal", effect.notices, s, now) + _two_people(effect, s)
        case RecoveryEffect():
            found += _notices(place, "recovery", effect.notices, s, now)
            alone = effect.proposed_by == effect.approved_by
            found += ["one person"] if alone or not effect.proposed_by or not effect.approved_by else []
        case AccelerationEffect():
            found += _notices(place, "acceleration", effect.notices, s, now)
        case SaleEffect():
            found += _sale(place, effect, s, now)
    if not isinstance(effect, ContactEffect) and any(p.state.value == "open" for p in s.promises):
        found.append("a promise is open")
    return found


def _no_debt(s: Situation, now: datetime) -> list[str]:
    today = _day(now, s.lender_zone)
    late = [i for i in s.account.arrears.installments if i.due_date < today and i.unpaid_minor > 0]
    found = [] if late else ["nothing is overdue"]
    if s.case.closed_reason or s.account.ended:
        found.append("it is over")
    return found if s.account.certain else [*found, "nobody knows what is owed"]


def _contact(place: str, effect: ContactEffect, s: Situation, now: datetime) -> list[str]:
    person = next((p for p in s.parties if p.person_id == effect.person_id), None)
    if person is None:
        return ["nobody knows who that is"]
    point = next((p for p in person.contact_points if p.id == effect.contact_point_id and p.usable), None)
    if point is None:
        return ["no such number"]
    channel = effect.channel.value
    found = _party(place, person, effect, s)
    if point.kind not in LEADS_TO[channel]:
        found.append("no way to reach a person there")
    if effect.channel in person.ceased and effect.channel not in point.proved:
        found.append("asked to stop")
    if person.restrictions.represented:
        found.append("has an attorney")
    if channel in {"sms", "email"} and effect.channel not in point.consent:
        found.append("no consent")
    for barred in person.restrictions.places:
        if barred.contact_point_id == point.id or (
            barred.whereabouts and barred.whereabouts == point.whereabouts
        ):
            found.append("not at that place")
    told = [
        (WEEKDAYS[day - 1], f"{time.begins:%H:%M}", f"{time.ends:%H:%M}")
        for time in person.restrictions.times
        for day in time.weekdays
    ]
    found += bad_times(place, channel, person.zones, told, now)
    if person.role.value == "borrower":
        away = frozenset(str(p.id) for p in person.contact_points if not _own(p))
        found += breaches(place, channel, point.id, person.zones, s.attempts, now, away)
    return found


def _own(point: ContactPoint) -> bool:
    if point.whereabouts is None:
        return point.kind == "mobile"
    return point.whereabouts.value == "home"


def _party(place: str, person: Party, effect: ContactEffect, s: Situation) -> list[str]:
    if person.role.value != "reference":
        return []
    if place not in ASKS_OTHERS:
        return ["no third person"]
    found = ["tells of the debt"] if effect.says.value == "debt" else []
    borrower = next(p for p in s.parties if p.role.value == "borrower")
    if any(point.usable for point in borrower.contact_points):
        tried = [a for a in s.attempts if a.person_id == borrower.person_id]
        tried = sorted((a for a in tried if a.channel.value in {"call", "visit"}), key=lambda a: a.at)
        if len(tried) < 3 or any(a.outcome.value != "not_connected" for a in tried[-3:]):
            found.append("he can be reached himself")
    return found


def _notices(place: str, move: str, given: Iterable[Notice], s: Situation, now: datetime) -> list[str]:
    today, notices = _day(now, s.lender_zone), list(given)
    wanted: list[tuple[str, int, int, int]] = []  # template, days, days past due, months
    if place in CURE:
        days, months = CURE[place]
        wanted.append(("cure_notice", days, 10, months))
    if place == "CN" and move in {"legal", "acceleration"}:
        wanted.append(("formal_demand", 15, 0, 0))
    if place == "UK":
        wanted.append(("uk_default_notice", 14, 0, 0))
        if move == "legal":
            wanted.append(("uk_arrears_notice", -1, 0, 0))
    if place == "IN" and move in {"legal", "recovery"}:
        wanted.append(("formal_demand", 15, 0, 0))
    if place == "DE" and today >= FORBEARANCE_FROM:
        wanted.append(("formal_demand", 15, 0, 0))
    found = []
    for template, days, late, months in wanted:
        stand = [
            n
            for n in notices
            if n.template == template
            and n.dpd >= late
            and (not n.earlier or (months and (today - _day(n.at, s.lender_zone)).days <= 31 * months))
        ]
        post = {True: 5, False: 0}
        if not any(_day(n.at, s.lender_zone) + timedelta(days=days + post[n.by_post]) < today for n in stand):
            found.append(f"{template} has not had its {days} days")
    return found


def _sale(place: str, effect: SaleEffect, s: Situation, now: datetime) -> list[str]:
    """In the United States ten whole days after a notice of the sale itself."""
    if not place.startswith("US"):
        return []
    given = [
        _day(n.at, s.lender_zone) for n in effect.notices if n.template == "pre_sale_notice" and not n.earlier
    ]
    over = [day for day in given if _day(now, s.lender_zone) > day + timedelta(days=10)]
    return [] if over else ["no notice of the sale"]


def _two_people(effect: HandoverEffect, s: Situation) -> list[str]:
    done = {r.step_id: r.person or r.by for r in s.steps if r.outcome.value == "done"}
    one, other = done.get(effect.proposal), done.get(effect.approval)
    return [] if one and other and one != other else ["one person"]


def _action(effect: Effect) -> str:
    match effect:
        case ContactEffect():
            return {"call": "call", "visit": "visit"}.get(effect.channel.value, "message")
        case LocateEffect():
            return "locate"
        case RecoveryEffect() | SaleEffect():
            return "recovery"
        case _:
            return "legal"


def _day(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()
