"""The words of a message: the step's template in the person's language, with the facts of the loan."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.notices import last_day
from recourse.domain.money import Money
from recourse.domain.strategy.deadline import days_to_answer
from recourse.domain.strategy.ladder import Step
from recourse.packs.render import language_of, render
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.storage.tables import contact_point, party


@dataclass(frozen=True, slots=True)
class Wording:
    """Personal data on its way from the tables to the wire; not to be logged."""

    to: str = field(repr=False)
    subject: str | None = field(repr=False)
    body: str = field(repr=False)
    language: str
    version: str


async def compose(
    unit: Unit, d: Deliberation, step: Step, person_id: PersonId, point_id: ContactPointId
) -> Wording:
    """Raises LookupError or a template error; nothing has been claimed then."""
    person = (
        await unit.tx.execute(select(party.c.name, party.c.language).where(party.c.id == person_id))
    ).one()
    to = (
        await unit.tx.execute(select(contact_point.c.value).where(contact_point.c.id == point_id))
    ).scalar_one()
    account, loan = d.gathered.situation.account, d.gathered.loan
    lender = next((x for x in unit.lenders.values() if x.name == loan.lender), None)
    channel = step.channel.value if step.channel else "email"
    language = language_of(step.template or "", channel, person.language)
    variables = {
        "name": person.name or "",
        "lender": loan.lender,
        "amount": str(Money(account.arrears.unpaid_minor, loan.currency)),
        "oldest_due": account.arrears.oldest_due.isoformat() if account.arrears.oldest_due else "",
        "dpd": d.decision.dpd,
        "pay_reference": loan.id,
        "phone": lender.phone if lender else "",
        "deadline": last_day(
            unit.now, days_to_answer(step, d.rules.strategy, d.rules.packs), loan.zone
        ).isoformat(),
        "opt_out": _OPT_OUT.get(channel, {}).get(language, _OPT_OUT_DEFAULT),
    }
    words = render(step.template or "", channel, person.language, variables)
    return Wording(to, words.subject, words.body, person.language, words.version)


_OPT_OUT_DEFAULT = "Reply STOP to end these messages."
_OPT_OUT = {
    "sms": {
        "zh": "回复T退订",
        "en": _OPT_OUT_DEFAULT,
        "de": "Antworten Sie mit STOP, um keine SMS mehr zu erhalten.",
    },
    "email": {
        "zh": "如不希望再收到此类邮件，请直接回复“退订”。",
        "en": "To stop these e-mails, reply with the word STOP.",
        "de": "Wenn Sie keine E-Mails mehr erhalten möchten, antworten Sie mit dem Wort STOP.",
    },
}
