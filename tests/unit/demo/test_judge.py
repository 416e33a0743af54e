"""The demo's judge can fail: a dossier that is wrong in one place is said to be."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from recourse.demo.book import Loan, loans
from recourse.demo.judge import disagreements, problems_of

CURED: Loan = next(loan for loan in loans() if loan.plot.name == "cured_by_payment")


def dossier() -> dict[str, Any]:
    """What a cured loan's dossier says, reduced to what is judged."""
    attempt = {
        "case_id": "c-1",
        "channel": "sms",
        "state": "sent",
        "at": "2026-11-08T02:00:00+00:00",
        "parts": 2,
    }
    return {
        "borrower": {"people": [{"role": "borrower", "zones": ["Asia/Shanghai"]}]},
        "vehicle": {},
        "loan": {},
        "repayment": {"unpaid_minor": 0},
        "contacts": {
            "cases": [
                {
                    "id": "c-1",
                    "stage": "closed",
                    "closed_reason": "cured",
                    "closed_at": "2026-11-09T02:00:00+00:00",
                }
            ],
            "attempts": [attempt],
            "steps": [],
            "promises": [],
            "holds": [],
        },
        "legal": {"actions": [], "statuses": []},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(dossier())
    *way, last = path.split(".")
    part: Any = document
    for name in way:
        part = part[int(name)] if name.isdigit() else part[name]
    part[last] = value
    return document


def test_a_dossier_that_reads_as_its_plot_is_accepted() -> None:
    assert problems_of(CURED, dossier()) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("contacts.cases.0.closed_reason", "settled", "closed"),
        ("repayment.unpaid_minor", 5, "something unpaid"),
        ("contacts.attempts.0.at", "2026-11-08T15:00:00+00:00", "outside permitted hours"),
        ("contacts.attempts.0.at", "2026-11-09T03:00:00+00:00", "after closing"),
        (
            "contacts.holds",
            [{"reason": "dispute", "since": "2026-11-07T00:00:00+00:00"}],
            "under a hold",
        ),
        ("legal.actions", [{"reference": "LD-1"}], "handed over True"),
    ],
)
def test_one_thing_wrong_is_said(path: str, value: Any, said: str) -> None:
    assert any(said in problem for problem in problems_of(CURED, changed(path, value)))


def test_a_missing_part_is_said() -> None:
    document = dossier()
    del document["legal"]
    assert problems_of(CURED, document) == ["the dossier has no part legal"]


def logs(mails: int = 0, parts: int = 2) -> dict[str, list[dict[str, Any]]]:
    return {
        "smtp": [{"event": "accepted", "message_id": "m-1"}] * mails,
        "smsc": [{"event": "accepted", "destination": "86"}] * parts,
        "legal_desk": [],
    }


@pytest.mark.parametrize(
    ("mails", "parts", "agree"), [(0, 2, True), (0, 3, False), (0, 1, False), (1, 2, False), (2, 2, False)]
)
def test_what_the_ends_accepted_must_be_what_the_dossiers_say_was_sent(
    mails: int, parts: int, agree: bool
) -> None:
    assert (disagreements([dossier()], logs(mails, parts)) == []) is agree
