"""What is due to go when, over everybody who is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from recourse.domain.ids import PersonId
from recourse.domain.privacy.retention import ERASED, Blocker, Standing
from recourse.service.retaining import Retention
from recourse.storage import retention_facts
from recourse.storage.database import ReadTx
from recourse.storage.tables import party

PAGE: Final = 200


async def people_kept(tx: ReadTx) -> int:
    return int((await tx.execute(select(func.count()).select_from(party))).scalar_one())


@dataclass(slots=True)
class _Counts:
    """Of one class, a loan of a person each."""

    due: int = 0
    later: int = 0
    not_begun: int = 0
    rules: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Report:
    """within_days: who is due so soon is named too. people: who is named, with what holds him besides the
    periods."""

    within_days: int
    people: list[dict[str, Any]] = field(default_factory=list)
    classes: dict[str, _Counts] = field(default_factory=lambda: {one.value: _Counts() for one in ERASED})

    async def fill(self, tx: ReadTx, retention: Retention, now: datetime) -> AsyncIterator[int]:
        """After each page, how many people it had."""
        after = ""
        while page := await retention_facts.people_after(tx, after, PAGE):
            after = page[-1]
            for person_id, found in (await retention.of_people(tx, page, now)).items():
                self._take(person_id, found, now.date())
            yield len(page)

    def _take(self, person_id: PersonId, found: Standing, today: date) -> None:
        for one in found.due:
            counts = self.classes[one.kept.value]
            counts.rules.add(f"{one.rule} ({one.mark.value})")
            if one.on is None:
                counts.not_begun += 1
            elif one.on <= today:
                counts.due += 1
            else:
                counts.later += 1
        due = found.due_on
        if due is None or due > today + timedelta(days=self.within_days):
            return
        held = sorted({one.why.value for one in found.holds if one.why is not Blocker.PERIOD_RUNS})
        self.people.append({"person_id": person_id, "due_on": due.isoformat(), "held_by": held})

    def to_json(self) -> dict[str, Any]:
        classes = {
            name: {
                "due": counts.due,
                "later": counts.later,
                "not_begun": counts.not_begun,
                "rules": sorted(counts.rules),
            }
            for name, counts in self.classes.items()
        }
        people = sorted(self.people, key=lambda one: (one["due_on"], one["person_id"]))
        return {"people": people, "classes": classes}
