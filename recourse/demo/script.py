"""What the people of the demo say at a call, and what follows from it: nothing here waits for a fixed day.

A call that comes late makes everything after it late; on a busy machine the demo is slower and not different.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from recourse.demo.book import Dated, Loan, payment_on
from recourse.demo.tasks import Task, usual

ANSWERED_AFTER: Final = timedelta(days=5)
"""A dispute, after it was raised."""


@dataclass
class Script:
    """loans: by id. A promise is made once; later calls find the person as usual."""

    loans: dict[str, Loan]
    _promised: dict[str, date] = field(default_factory=dict)
    _disputed: dict[str, datetime] = field(default_factory=dict)

    def says(self, task: Task, now: datetime) -> dict[str, Any]:
        """The outcome of a task, and what goes with it: as the plot says, or as agents usually answer."""
        loan = self.loans[task["loan_id"]]
        outcome = loan.plot.answers.get(task["step_id"])
        if outcome is None or loan.id in self._promised:
            return usual(task)
        if outcome != "promise":
            return {"outcome": outcome}
        on = now.date() + timedelta(days=loan.plot.promises_in)
        return {"outcome": outcome, "promise_minor": loan.monthly_minor, "promise_on": on.isoformat()}

    def heard(self, task: Task, said: dict[str, Any], now: datetime) -> None:
        """The answer was accepted."""
        loan_id = task["loan_id"]
        if said["outcome"] == "promise":
            self._promised[loan_id] = date.fromisoformat(said["promise_on"])
        if said["outcome"] == "disputes":
            self._disputed.setdefault(loan_id, now)

    def disputes_to_answer(self, now: datetime) -> Sequence[str]:
        """Loans whose dispute the lead has looked into by now; each is named once."""
        due = [loan_id for loan_id, at in self._disputed.items() if now >= at + ANSWERED_AFTER]
        for loan_id in due:
            del self._disputed[loan_id]
        return due

    def payments(self) -> dict[str, Dated]:
        """By loan: what is paid because it was promised, the day before the promised one."""
        return {
            loan_id: payment_on(self.loans[loan_id], on - timedelta(days=1))
            for loan_id, on in self._promised.items()
            if self.loans[loan_id].plot.keeps_promise
        }
