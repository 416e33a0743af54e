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
    MESSAGE_DELIVERED = "message_delivered"
    ACKNOWLEDGED = "acknowledged"
    PART_PAYMENT = "part_payment"
    OWN_DEBIT = "own_debit"
    NEWSPAPER_NOTICE = "newspaper_notice"
    SUIT = "suit"


@dataclass(frozen=True, slots=True)
class Proof:
    """ref: the id of the payment, promise, agreement, contact or legal status that proves it."""

    kind: ProofKind
    at: datetime
    ref: str
