"""Ids, queues and topics: every name that two processes must agree on."""

from __future__ import annotations

from recourse.domain.ids import CaseId, LoanId

CASE_WORKFLOW = "CollectionCase"
SWEEP_WORKFLOW = "Sweep"
SWEEP_ID = "sweep"
FACTS_SIGNAL = "facts"
ANSWER_UPDATE = "answer_task"

DEFAULT_QUEUE = "recourse"


def case_id(loan_id: LoanId, episode: int) -> CaseId:
    """``case-<loan>-<episode>``: the row's key and the workflow id. Loan ids are opaque."""
    return CaseId(f"case-{loan_id}-{episode}")


class Queues:
    """Task queues. Effects have their own, so that a slow provider holds up nothing else."""

    def __init__(self, prefix: str = DEFAULT_QUEUE) -> None:
        self.cases = f"{prefix}-cases"
        self.messages = f"{prefix}-messages"
        self.vehicles = f"{prefix}-vehicles"
        self.legal = f"{prefix}-legal"

    def all(self) -> tuple[str, ...]:
        return (self.cases, self.messages, self.vehicles, self.legal)
