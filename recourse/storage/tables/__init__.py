"""Every table. Instants are business time in UTC; `recorded_at` columns are the database's own clock.

Money is integer minor units. Where personal data stands, and whose, is said in `storage.inventory`; it is
sealed with the keys of those whom it is about.
"""

from recourse.storage.tables.accounts import account, queue_offer, web_session
from recourse.storage.tables.base import metadata
from recourse.storage.tables.cases import (
    agent_task,
    agreement,
    collection_case,
    dispute,
    promise,
    rule_set,
    step,
    task_answer,
)
from recourse.storage.tables.contacts import contact_attempt, document, provider_receipt
from recourse.storage.tables.disclosure import export_request, reveal
from recourse.storage.tables.evidence import anchor, checkpoint, seal, seal_node, seal_secret, unsealed
from recourse.storage.tables.ledger import fact, hold, hold_told, installment, loan, payment
from recourse.storage.tables.legal import (
    legal_action,
    legal_deadline,
    legal_entry,
    legal_move,
    legal_status,
    proof,
)
from recourse.storage.tables.people import (
    consent,
    contact_point,
    loan_party,
    party,
    person_contact_point,
    restriction,
    vehicle,
)
from recourse.storage.tables.permits import permit, permit_check, recovery_proposal
from recourse.storage.tables.positions import location_fix, location_request, position, position_feed
from recourse.storage.tables.privacy import data_key, erasure
from recourse.storage.tables.strategies import assignment, strategy_move
from recourse.storage.tables.system import api_token, dossier_read, outbox, token_scope

__all__ = [
    "account",
    "agent_task",
    "agreement",
    "anchor",
    "api_token",
    "assignment",
    "checkpoint",
    "collection_case",
    "consent",
    "contact_attempt",
    "contact_point",
    "data_key",
    "dispute",
    "document",
    "dossier_read",
    "erasure",
    "export_request",
    "fact",
    "hold",
    "hold_told",
    "installment",
    "legal_action",
    "legal_deadline",
    "legal_entry",
    "legal_move",
    "legal_status",
    "loan",
    "loan_party",
    "location_fix",
    "location_request",
    "metadata",
    "outbox",
    "party",
    "payment",
    "permit",
    "permit_check",
    "person_contact_point",
    "position",
    "position_feed",
    "promise",
    "proof",
    "provider_receipt",
    "queue_offer",
    "recovery_proposal",
    "restriction",
    "reveal",
    "rule_set",
    "seal",
    "seal_node",
    "seal_secret",
    "step",
    "strategy_move",
    "task_answer",
    "token_scope",
    "unsealed",
    "vehicle",
    "web_session",
]
