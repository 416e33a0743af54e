"""At the end of the demo: every decision made again, and one refusal explained by the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recourse.demo.processes import Deployment
from recourse.domain.ids import CaseId
from recourse.reading.explaining import decisions, explained
from recourse.service.context import Services

MOST_TELLING = ("no_consent", "ceased", "hold", "outside_hours", "cap_reached")
"""Refusals that need no further knowledge to be understood, the clearest first."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A contact that the gate refused. number: of the step in the case's diary."""

    case_id: CaseId
    number: int
    code: str

    @property
    def command(self) -> tuple[str, ...]:
        return ("explain", self.case_id, "--step", str(self.number))


@dataclass(frozen=True, slots=True)
class Account:
    """made_again: decisions that were made a second time from what is stored. differs: what came out
    otherwise. refusal, told: one refused contact, and what `recourse explain` says of it."""

    made_again: int
    differs: list[str]
    refusal: Refusal | None = None
    told: str = ""


async def account_for(deployment: Deployment, running: Services) -> Account:
    refusals, differs = [], []
    async with running.database.reading() as tx:
        made = await decisions(tx)
        for case_id, number, code in made:
            found = await explained(tx, case_id, number=number)
            differs += [f"{case_id} #{number}: {difference}" for difference in found.differs]
            if code is not None:
                refusals.append(Refusal(case_id, number, code))
    refusal = most_telling(refusals)
    told = await deployment.told(refusal.command) if refusal is not None else ""
    return Account(len(made), differs, refusal, told)


def most_telling(refusals: Sequence[Refusal]) -> Refusal | None:
    ranks = {code: rank for rank, code in enumerate(MOST_TELLING)}
    return min(refusals, key=lambda refusal: ranks.get(refusal.code, len(ranks)), default=None)
