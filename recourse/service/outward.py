"""What those outside are told of a no. Why a person is protected is nobody's business but his and ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from recourse.domain.law.holds import HOUSE
from recourse.domain.law.verdict import RefusalCode, Refused
from recourse.service.reserving import AnswerOwed

PROTECTED = "protected"
"""For a hold and for an agreement: their reasons, their sources and even their ends would tell of an illness,
a death or a bankruptcy."""
ANSWER_OWED = "answer_owed"

_PROTECTIONS = frozenset({RefusalCode.HOLD, RefusalCode.AGREEMENT_IN_FORCE})
_DETAILED = frozenset(
    {RefusalCode.CAP_REACHED, RefusalCode.REST_DAY, RefusalCode.CEASED, RefusalCode.MAY_NOT_BE_TOLD}
)
"""Whose details name a rule, a day or a channel. Those of others tell of the debt, as how the case ended."""


@dataclass(frozen=True, slots=True)
class Told:
    """As `Refused`, with a code that may be one of the two above."""

    code: str
    source: str = HOUSE
    opens_at: datetime | None = None
    detail: str = ""


def outward(answer: Refused | AnswerOwed) -> Told:
    match answer:
        case AnswerOwed(attempt_id=key):
            return Told(ANSWER_OWED, detail=key)
        case Refused(code=code) if code in _PROTECTIONS:
            return Told(PROTECTED)
        case Refused(code=code, source=source, opens_at=opens_at, detail=detail):
            return Told(code.value, source, opens_at, detail if code in _DETAILED else "")
        case _:
            assert_never(answer)
