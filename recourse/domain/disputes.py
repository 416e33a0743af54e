"""What somebody may say is wrong, and what he may be answered: the codes of disputes."""

from __future__ import annotations

from enum import StrEnum

from recourse.domain.situation import HoldReason

ANSWER_DISPUTE = "answer_dispute"
"""The task of a dispute, from the moment it comes in until it is answered."""
DISPUTE_OVERDUE = "dispute_overdue"
"""The days of the answer are over, and a lead has it beside who had it before."""


class DisputeKind(StrEnum):
    """What is asked of us; each has days of its own in the law."""

    DEBT = "debt"
    """That it is owed, or how much."""
    COMPLAINT = "complaint"
    """How we behaved."""
    AUTOMATED_DECISION = "automated_decision"
    """What the system decided by itself: a person is to decide."""
    BUREAU = "bureau"
    """What we told a credit bureau, disputed with us directly."""

    @property
    def holds(self) -> HoldReason:
        """The reason of the hold that protects meanwhile: the law packs say what it stops."""
        return HoldReason.COMPLAINT if self is DisputeKind.COMPLAINT else HoldReason.DISPUTE


class DisputeReason(StrEnum):
    NOT_MINE = "not_mine"
    AMOUNT = "amount"
    PAID = "paid"
    FEES = "fees"
    VEHICLE = "vehicle"
    OTHER = "other"


class DisputeAnswer(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
