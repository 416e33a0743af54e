"""What proves that a claim was demanded or acknowledged: opaque references to facts, contacts and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ProofKind(StrEnum):
    """What may start a limitation period anew, as the law packs name it.

    A message counts as delivered by the provider's receipt alone: one that was sent proves nothing.
    """

    DEMAND_SIGNED_FOR = "demand_signed_for"
    DEMAND_DELIVERED = "demand_delivered"
    DEMAND_RETURNED = "demand_returned"
    """It came back: kept as evidence that it was sent. It starts nothing anew unless a pack says so."""
    MESSAGE_DELIVERED = "message_delivered"
    ACKNOWLEDGED = "acknowledged"
    PART_PAYMENT = "part_payment"
    OWN_DEBIT = "own_debit"
    NEWSPAPER_NOTICE = "newspaper_notice"
    SUIT = "suit"


BY_PEOPLE = (
    ProofKind.DEMAND_SIGNED_FOR,
    ProofKind.DEMAND_DELIVERED,
    ProofKind.DEMAND_RETURNED,
    ProofKind.ACKNOWLEDGED,
    ProofKind.NEWSPAPER_NOTICE,
)
"""What is on paper, so that somebody has to record it; all else follows from what is on record anyway."""


@dataclass(frozen=True, slots=True)
class Proof:
    """ref: the id of what proves it: payment, promise, agreement, contact, legal status or recorded paper."""

    kind: ProofKind
    at: datetime
    ref: str
