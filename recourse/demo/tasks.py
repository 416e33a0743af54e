"""What agents say to a task most of the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Task = dict[str, Any]
_USUAL: Final[Mapping[str, str]] = {
    "call": "no_answer",
    "hardship_screening": "done",
    "visit": "done",
    "locate_by_hand": "located",
    "check_delivery": "delivered",
    "check_recall": "recalled",
    "read_reply": "done",
    "propose_legal": "propose",
    "approve_legal": "approve",
    "acceleration_review": "reject",
    "review_case": "done",
    "check_legal_status": "done",
    "legal_deadline": "done",
    "legal_deadline_missed": "done",
    "legal_deadline_over": "done",
    "call_off_sale": "done",
    "give_notice_by_hand": "done",
    "plan_anew": "done",
}


def usual(task: Task) -> dict[str, Any]:
    """The body of a completion, but for its request id."""
    return {"outcome": _USUAL[task["kind"]]}
