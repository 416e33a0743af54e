"""Which columns hold personal data, whose it is, and how long it is kept by its class; and which hold none.

Every column that can hold text, JSON, bytes or a place on earth stands in one of the two; a test fails for
one that does not. Ids, codes, instants and amounts are pseudonymous: they say something of a person only to
who can open what is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from recourse.domain.privacy.retention import RetentionClass


class Whose(StrEnum):
    """With whose keys it is sealed. With two, it is gone with either."""

    PERSON = "person"
    LOAN = "loan"
    PERSON_AND_LOAN = "person and loan"
    LOAN_AND_NAMED = "loan and everybody it names"
    STAFF = "staff"
    """Of those who work here; not a borrower's, and kept as long as who acted must be known."""


@dataclass(frozen=True, slots=True)
class Held:
    """sealed: the column that holds it sealed; None where it is kept as it is. column: where it stood before
    there were keys, emptied by `recourse privacy seal`."""

    table: str
    column: str
    sealed: str | None
    whose: Whose
    kept: RetentionClass


PERSONAL: Final = (
    Held("party", "name", "name_sealed", Whose.PERSON, RetentionClass.MASTER),
    Held("party", "details", "details_sealed", Whose.PERSON, RetentionClass.MASTER),
    # Where he lives, as far as the law that protects him needs it: emptied when he is erased.
    Held("party", "region", None, Whose.PERSON, RetentionClass.MASTER),
    Held("party", "zones", None, Whose.PERSON, RetentionClass.MASTER),
    Held("party", "language", None, Whose.PERSON, RetentionClass.MASTER),
    # Its value is with each who shares it; the indexes go with the last of them.
    Held("contact_point", "value", None, Whose.PERSON, RetentionClass.MASTER),
    Held("contact_point", "digest", None, Whose.PERSON, RetentionClass.MASTER),
    Held("contact_point", "number_digest", None, Whose.PERSON, RetentionClass.MASTER),
    Held("person_contact_point", "value", "value_sealed", Whose.PERSON, RetentionClass.MASTER),
    Held("vehicle", "details", "details_sealed", Whose.LOAN, RetentionClass.MASTER),
    Held("vehicle", "gps_device_id", "gps_device_sealed", Whose.LOAN, RetentionClass.MASTER),
    Held("location_fix", "latitude", None, Whose.LOAN, RetentionClass.POSITION),
    Held("location_fix", "longitude", None, Whose.LOAN, RetentionClass.POSITION),
    # Encrypted before it comes to the database, with the key of positions; deleted, not emptied.
    Held("position", "sealed", None, Whose.LOAN, RetentionClass.POSITION),
    Held("position_feed", "sealed", None, Whose.LOAN, RetentionClass.POSITION),
    Held("contact_attempt", "subject", "subject_sealed", Whose.PERSON_AND_LOAN, RetentionClass.CONTACT),
    Held("contact_attempt", "content", "content_sealed", Whose.PERSON_AND_LOAN, RetentionClass.CONTACT),
    Held("document", "content", "content_sealed", Whose.PERSON_AND_LOAN, RetentionClass.CONTACT),
    Held("legal_action", "document", "document_sealed", Whose.LOAN_AND_NAMED, RetentionClass.LEGAL),
    Held("api_token", "name", None, Whose.STAFF, RetentionClass.STAFF),
    Held("account", "login", None, Whose.STAFF, RetentionClass.STAFF),
)

NONE: Final[Mapping[str, str]] = {
    "account": "actor password_hash totp_sealed language look",
    "agent_task": "id loan_id case_id step_id kind team state claimed_by attempt_id outcome completed_by",
    "agreement": "id loan_id case_id kind terms state proposed_by proposed_as beyond authority decided_by "
    "decided_as code cancel_asked_by cancel_asked_as cancel_code",
    "anchor": "place receipt",
    "api_token": "token_hash actor role person",
    "assignment": "experiment unit_kind unit_id arm strategy shares",
    "checkpoint": "note",
    "collection_case": "id loan_id strategy stage bucket plan closed_reason experiment arm",
    "consent": "id person_id contact_point_id channel way source noted_by withdrawn_way withdrawn_source "
    "withdrawn_by",
    "contact_attempt": "id loan_id case_id step_id channel person_id contact_point_id state actor template "
    "template_version language provider_refs disposition says",
    "contact_point": "id kind",
    "data_key": "subject id wrapped_by wrapped",
    "dispute": "id loan_id hold_id kind reason about evidence opened_by rule rule_source rule_mark told_rule "
    "told_source told_mark told_evidence told_actor told_request answer answer_evidence answered_by "
    "answer_request",
    "document": "id loan_id case_id step_id attempt_id kind language sha256",
    "dossier_read": "loan_id actor via purpose reveal_id",
    "erasure": "id person_id state reason proposed_by decided_by subjects key_ids",
    # The snapshot's payload is empty: what it says of people goes to the tables above.
    "export_request": "id kind person_id loans recipient purpose approval state asked_by decided_by code "
    "used_by",
    "fact": "event_id loan_id person_id kind payload disposition case_id",
    "hold": "id person_id loan_id reason stops placed_by source asked_by rule rule_source lifted_by",
    "hold_told": "hold_id loan_id stops",
    "installment": "loan_id",
    "legal_action": "id loan_id case_id state proposed_by approved_by names document_sha256 reference",
    "legal_deadline": "id case_id loan_id code whose source mark ended_by",
    "legal_entry": "id case_id loan_id kind currency noted_by proof reverses",
    # The terms of a sale: its place is announced to everybody.
    "legal_move": "id case_id loan_id track state procedure means code known terms gives documents source "
    "mark actor request_id status_id rules_digest",
    "legal_status": "status_id action_id status became",
    # The contract's terms, its product and the bank's number for it, which is an id as the loan's is.
    "loan": "id lender region currency zone contract account",
    "loan_party": "loan_id person_id role",
    "location_fix": "id loan_id case_id step_id request_id purpose basis actor precision quality speed_mps "
    "accuracy_m source_datum source raw_sha256 sealed_sha256",
    "location_request": "id loan_id case_id purpose basis basis_proof precision granted_by ended_code "
    "ended_by",
    "outbox": "event_id loan_id type data",
    "party": "id ceased",
    "payment": "loan_id payment_id",
    "permit": "id loan_id case_id step_id kind state purpose basis proposed_by approved_by assigned_to "
    "rules_digest answer recall_code recalled_by recall_answer task_id",
    "permit_check": "permit_id actor answer code",
    "person_contact_point": "person_id contact_point_id consent unusable_code whereabouts",
    "position": "fix_id case_id",
    "position_feed": "loan_id digest",
    "promise": "id loan_id case_id state taken_by",
    "proof": "id loan_id kind evidence document_id noted_by withdrawn_by withdrawn_source",
    "provider_receipt": "provider_ref state",
    "queue_offer": "task_id actor skipped",
    "recovery_proposal": "id loan_id case_id purpose agency proposed_by state decided_by code permit_id",
    "restriction": "id person_id kind weekdays contact_point_id whereabouts attorney_id noted_by source "
    "withdrawn_by withdrawn_source",
    "reveal": "id loan_id actor role purpose reference outside justification finding reviewed_by",
    "rule_set": "digest rules",
    "seal": "chain kind ref prev commitments hash",
    "seal_node": "hash",
    "seal_secret": "secret",
    "step": "loan_id case_id event step_id outcome code source actor reason strategy packs inputs "
    "inputs_digest rules_digest moved asked permit",
    "strategy_move": "digest source target renamed answers",
    "task_answer": "request_id task_id digest receipt",
    "token_scope": "actor lender loan_id",
    "unsealed": "kind ref chain",
    "vehicle": "loan_id gps_provider",
    "web_session": "secret_hash actor ended",
}
"""Table -> its columns that hold none: ids, codes, digests, amounts, rules, and what is signed or sealed."""


def in_plain() -> frozenset[tuple[str, str]]:
    """Table and column of what says who somebody is to whoever reads it. What is sealed is not among it; the
    text in it is, under the name that its column had."""
    return frozenset((one.table, one.column) for one in PERSONAL if one.whose is not Whose.STAFF)


def accounted_for() -> set[tuple[str, str]]:
    """Every column that one of the two lists speaks of."""
    held = {(one.table, name) for one in PERSONAL for name in (one.column, one.sealed) if name is not None}
    return held | {(table, name) for table, names in NONE.items() for name in names.split()}
