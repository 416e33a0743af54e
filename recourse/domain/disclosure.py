"""Who sees personal data of a dossier in clear, for what and how long; and what may leave the house.

The lists are closed: what stands on record is a code that a reviewer and the borrower can read, never a text.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class RevealPurpose(StrEnum):
    """What somebody needs a dossier in clear for."""

    REACH_BORROWER = "reach_borrower"
    IDENTIFY_CALLER = "identify_caller"
    CORRECT_DATA = "correct_data"
    HANDLE_DISPUTE = "handle_dispute"
    PREPARE_LEGAL = "prepare_legal"
    RECOVER_VEHICLE = "recover_vehicle"
    AUDIT = "audit"


class Justification(StrEnum):
    """Why somebody breaks the glass: reads a dossier that is not for his role, or not of his lenders."""

    DANGER_TO_LIFE = "danger_to_life"
    PROTECT_BORROWER = "protect_borrower"
    ORDER_OF_AUTHORITY = "order_of_authority"
    NOBODY_REACHABLE = "nobody_reachable"


class Outside(StrEnum):
    """What the glass was in front of."""

    ROLE = "role"
    LENDER = "lender"


class Finding(StrEnum):
    """What a second person found when he looked at it afterwards."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


REVEALS_LAST: Final = timedelta(minutes=30)
"""Business time. As long as one conversation, or one letter."""
READERS: Final = ("lead", "legal", "auditor")
"""Roles that read dossiers, and may have one in clear for a purpose; admin always."""
BREAKERS: Final = ("agent", "vehicle", *READERS)
"""Roles of the house that may break the glass. Outsiders (desk, dialler, agency) may not at all."""
REVIEWERS: Final = ("lead", "auditor")
"""Roles that look at it afterwards; never the person who did it."""


class ExportKind(StrEnum):
    """person: all that is held about somebody. bundle: dossiers as files, for a recipient. letters: those of
    a loan, as they were sent."""

    PERSON = "person"
    BUNDLE = "bundle"
    LETTERS = "letters"


class ExportPurpose(StrEnum):
    COURT_FILE = "court_file"
    LEGAL_ADVICE = "legal_advice"
    PERSONS_REQUEST = "persons_request"
    SUPERVISION = "supervision"
    RECOVERY = "recovery"
    AUDIT = "audit"


class ExportState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"
    USED = "used"


class ExportApproval(StrEnum):
    """one_person: a setting that says so, and each export that was made under it."""

    TWO_PERSONS = "two_persons"
    ONE_PERSON = "one_person"


EXPORTS_LAPSE: Final = timedelta(days=7)
"""Business time, from when it was asked for: what the second person looked at has changed by then."""
EXPORT_ASKERS: Final = ("lead", "legal", "auditor")
EXPORT_APPROVERS: Final = ("lead",)
"""Roles that approve an export that somebody else asked for; admin always."""
