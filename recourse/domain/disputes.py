"""What somebody may say is wrong, and what he may be answered: the codes of disputes."""

from __future__ import annotations

from enum import StrEnum

from recourse.domain.situation import HoldReason

ANSWER_DISPUTE = "answer_dispute"
"""The task of a dispute, from the moment it comes in until it is answered."""
DISPUTE_OVERDUE = "dispute_overdue"
"""The days of the answer are over, and a lead has it beside who had it before."""


ACKNOWLEDGE_DISPUTE = "acknowledge_dispute"
"""That it was received is to be written to who complains, before it is answered."""
ACKNOWLEDGEMENT_OVERDUE = "acknowledgement_overdue"
ACKNOWLEDGED_BY_PAPER = frozenset({ACKNOWLEDGE_DISPUTE, ACKNOWLEDGEMENT_OVERDUE})
"""Tasks that the acknowledgement ends; the answer does too."""
ANSWERED_BY_PAPER = ACKNOWLEDGED_BY_PAPER | {ANSWER_DISPUTE, DISPUTE_OVERDUE}
"""Tasks that no outcome ends: the paper that was given to who disputes does."""


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
