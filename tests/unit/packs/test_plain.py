"""Whoever reads his own record meets no code that is not said in words, in either language."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from recourse.app.copying import PURPOSE as COPY
from recourse.contracts.events.models import Person, Vehicle
from recourse.domain.alarms import (
    CALL_OFF_SALE,
    CHASE_BOOKING,
    LEGAL_DEADLINE,
    LEGAL_MISSED,
    LEGAL_OVER,
    LIMITATION_WARNING,
)
from recourse.domain.decision import Closing
from recourse.domain.disclosure import Justification, RevealPurpose
from recourse.domain.disputes import ANSWERED_BY_PAPER, DisputeAnswer, DisputeKind
from recourse.domain.law.verdict import RefusalCode
from recourse.domain.positions import LocationPurpose, Precision
from recourse.domain.situation import AttemptOutcome, Channel, PartyRole, Stage
from recourse.domain.strategy.errands import GIVE_BY_HAND, PLAN_ANEW
from recourse.packs.loader import load_packs
from recourse.packs.plain import plain
from recourse.service.desk_statuses import TASK as CHECK_STATUS

ALARMS = (
    *ANSWERED_BY_PAPER,
    CALL_OFF_SALE,
    CHASE_BOOKING,
    LEGAL_DEADLINE,
    LEGAL_MISSED,
    LEGAL_OVER,
    LIMITATION_WARNING,
)
ERRANDS = (GIVE_BY_HAND, PLAN_ANEW)


def _tasks_of_ladders() -> set[str]:
    ladders = load_packs().strategies.values()
    return {step.task for ladder in ladders for step in ladder.steps if step.task is not None}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("channel", Channel),
        ("outcome", AttemptOutcome),
        ("stage", Stage),
        ("refusal", RefusalCode),
        ("closed", Closing),
        ("purpose", LocationPurpose),
        ("precision", Precision),
        ("seen", (*RevealPurpose, "privacy_export", "letters", "evidence-proof", COPY)),
        ("broken", Justification),
        ("decision", ("opened", "stage", "closed", "task", "refused", "contact", "inbound")),
        ("dispute", DisputeKind),
        ("answer", DisputeAnswer),
        ("task", {*ALARMS, *ERRANDS, CHECK_STATUS, *_tasks_of_ladders()}),
    ],
)
def test_every_code_has_words_and_none_is_for_nothing(kind: str, codes: Iterable[str]) -> None:
    assert set(getattr(plain(), kind)) == {str(code) for code in codes}


def test_everything_that_a_bank_may_tell_has_a_name() -> None:
    told = {*Vehicle.model_fields, *Person.model_fields, *PartyRole} - {
        "gps",
        "zone",
        "addresses",
        "contact_points",
    }
    assert told <= set(plain().field)


def test_a_code_from_another_release_is_shown_as_it_is() -> None:
    assert plain().say("refusal", "of_tomorrow", "zh") == "of_tomorrow"


def test_the_rights_name_where_to_write() -> None:
    assert all("{contact}" in plain().say("rights", "text", language) for language in ("zh", "en"))
