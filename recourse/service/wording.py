"""The words of a message: the step's template in the person's language, with the facts of the loan."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sqlalchemy import select

from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.notices import last_day
from recourse.domain.situation import Channel
from recourse.domain.strategy.deadline import days_to_answer
from recourse.domain.strategy.ladder import Step
from recourse.packs.letters import Value, plain_text, write
from recourse.packs.render import language_of, render
from recourse.service.context import Unit, lender_named
from recourse.service.deciding import Deliberation
from recourse.service.lettering import common_values, sale_values, sheet_values
from recourse.storage import people, points
from recourse.storage.tables import party


@dataclass(frozen=True, slots=True)
class Wording:
    """Personal data on its way from the tables to the wire; not to be logged. letter: canonical JSON of the
    letter that is to be pressed, which is all of the message on paper and goes along with an e-mail."""

    to: str = field(repr=False)
    subject: str | None = field(repr=False)
    body: str = field(repr=False)
    language: str
    version: str
    letter: bytes | None = field(default=None, repr=False)


async def compose(
    unit: Unit, d: Deliberation, step: Step, person_id: PersonId, point_id: ContactPointId, contact: str
) -> Wording:
    """contact: the id of the contact. Raises LookupError, a template error, or LetterError; nothing has been
    claimed then."""
    spoken = select(party.c.language).where(party.c.id == person_id)
    language: str = (await unit.tx.execute(spoken)).scalar_one()
    name = await people.name_of(unit.tx, person_id)
    to = await points.value_of(unit.tx, person_id, point_id)
    loan, template = d.gathered.loan, step.template or ""
    lender = lender_named(unit.lenders, loan.lender)
    values = common_values(d.gathered, lender, name, unit.now)
    days = days_to_answer(step, d.rules.strategy, d.rules.packs)
    values["deadline"] = last_day(unit.now, days, loan.zone)
    if step.errand is not None:
        values |= await sale_values(unit.tx, d.gathered, step.errand.number)
    letter = None
    if step.letter or step.channel is Channel.LETTER:
        sheet = values | await sheet_values(unit.tx, d.gathered, lender, person_id, unit.now)
        sheet["address"] = to if step.channel is Channel.LETTER else sheet["address"] or to
        letter = write(template, language, sheet, contact=contact)
        if step.channel is Channel.LETTER:
            said = json.loads(letter)
            return Wording(to, said["subject"], plain_text(said), language, said["version"], letter)
    channel = step.channel.value if step.channel else "email"
    words = render(template, channel, language, _plain(values, template, channel, language))
    return Wording(to, words.subject, words.body, language, words.version, letter)


def _plain(values: dict[str, Value], template: str, channel: str, language: str) -> dict[str, object]:
    """For a text without a sheet: dates as ISO has them, and how to stop what the channel brings."""
    known: dict[str, object] = {
        name: value if isinstance(value, int) else str(value) for name, value in values.items()
    }
    spoken = language_of(template, channel, language)
    return known | {"opt_out": _OPT_OUT.get(channel, {}).get(spoken, _OPT_OUT_DEFAULT)}


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
