"""Steps that need no person: a message, a position, the handover to the legal desk. Each passes the gate."""

from __future__ import annotations

from datetime import timedelta

from recourse.domain.law.verdict import ContactEffect, Refused
from recourse.domain.situation import AttemptOutcome, Channel, StepOutcome
from recourse.simulation.agenda import Concludes
from recourse.simulation.doing import Asked, Doing


def remind(doing: Doing, asked: Asked) -> None:
    """Sent, and perhaps heeded. A provider that is down is not simulated."""
    effect = doing.ask(asked)
    if isinstance(effect, Refused):
        doing.record_refused(asked, effect)
        return
    if not isinstance(effect, ContactEffect):
        raise TypeError(f"step {asked.step.id}: a reminder contacts somebody")
    doing.contact(effect, AttemptOutcome.SENT, "sent", asked.now)
    doing.record(asked, StepOutcome.DONE, "sent")
    at, borrower = doing.number(effect.channel), doing.borrower
    days = borrower.heeds(effect.channel, at)
    if days is not None:
        doing.money_comes(days, f"heeds {effect.channel}", asked.now, at, in_full=borrower.in_full(at))
    if effect.channel is Channel.SMS and borrower.stops(at):
        doing.file.cease(Channel.SMS)


def locate(doing: Doing, asked: Asked) -> None:
    effect = doing.ask(asked)
    if isinstance(effect, Refused):
        doing.record_refused(asked, effect)
        return
    doing.pay_for("locate")
    chance = doing.model.behaviour.tracker_fresh.value
    fresh = doing.draws.happens(chance, "fresh", *doing.number("locate"))
    outcome, code = (StepOutcome.DONE, "fresh") if fresh else (StepOutcome.UNABLE, "stale")
    doing.record(asked, outcome, code)


def hand_over(doing: Doing, asked: Asked) -> None:
    """The desk concludes the case after a while, if the borrower does not pay before."""
    effect = doing.ask(asked)
    if isinstance(effect, Refused):
        doing.record_refused(asked, effect)
        return
    doing.pay_for("handover")
    doing.figures.handovers += 1
    doing.record(asked, StepOutcome.DONE, "acknowledged")
    at = doing.number("handover")
    days = doing.borrower.pays_after_handover(at)
    if days is not None:
        doing.money_comes(days, "after_handover", asked.now, at, in_full=True)
    most = int(doing.model.behaviour.delays.legal_days.value)
    concluded = doing.draws.whole(1, most, "legal_days", *at)
    doing.agenda.put(asked.now + timedelta(days=concluded), Concludes(asked.situation.case.episode))
