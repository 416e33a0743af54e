"""The event contract with the core bank: models, codec and files. `docs/events.md` is its text."""

from recourse.contracts.events.codec import (
    MAX_BYTES,
    BankEvent,
    EventLimits,
    decode,
    encode_binary,
    parse_line,
    to_line,
)
from recourse.contracts.events.models import BANK_MODELS, LoanSnapshot
from recourse.contracts.events.outgoing import CASE_MODELS, encode_case_event
from recourse.contracts.events.refusal import Refused, RefusedCode
from recourse.contracts.events.topics import Topics, topic_for

__all__ = [
    "BANK_MODELS",
    "CASE_MODELS",
    "MAX_BYTES",
    "BankEvent",
    "EventLimits",
    "LoanSnapshot",
    "Refused",
    "RefusedCode",
    "Topics",
    "decode",
    "encode_binary",
    "encode_case_event",
    "parse_line",
    "to_line",
    "topic_for",
]
