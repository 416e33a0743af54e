"""What becomes of a permit: a recall never leaves one in force, and what is over is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decision import DoStep
from recourse.domain.law.verdict import Allowed, RefusalCode, Refused, Verdict
from recourse.domain.permits import (
    OF_OUR_RULES,
    Asked,
    Asker,
    Ending,
    PermitKind,
    PermitState,
    Recall,
    Standing,
    Told,
    fate,
    told,
)

NOW = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(days=1)
HELD = Refused(RefusalCode.HOLD, "law")
IN_FORCE = (PermitState.ISSUED, PermitState.USED)


def _standing(kind: PermitKind, state: PermitState, expires_at: datetime = LATER) -> Standing:
    return Standing(kind, state, expires_at, None if kind is PermitKind.RECOVERY else "step")


@pytest.mark.parametrize(("kind", "state"), list(product(PermitKind, IN_FORCE)))
def test_a_no_of_the_gate_recalls_everything_but_a_position_that_was_read(
    kind: PermitKind, state: PermitState
) -> None:
    found = fate(_standing(kind, state), HELD, "step", concluded=False, now=NOW)
    read = kind is PermitKind.LOCATE and state is PermitState.USED
    assert found == (None if read else Recall("hold"))


@pytest.mark.parametrize(("kind", "state"), list(product(PermitKind, IN_FORCE)))
def test_a_yes_keeps_it_while_the_plan_stands(kind: PermitKind, state: PermitState) -> None:
    assert fate(_standing(kind, state), Allowed(), "step", concluded=False, now=NOW) is None


@pytest.mark.parametrize("kind", [PermitKind.LOCATE, PermitKind.LEGAL])
def test_an_unused_permit_ends_with_the_plan_it_was_for_and_a_used_one_does_not(kind: PermitKind) -> None:
    unused, used = _standing(kind, PermitState.ISSUED), _standing(kind, PermitState.USED)
    assert fate(unused, Allowed(), "another", concluded=False, now=NOW) == Recall("plan_changed")
    assert fate(used, Allowed(), "another", concluded=False, now=NOW) is None


def test_a_file_at_the_desk_never_runs_out_and_everything_else_does() -> None:
    for kind, state in product(PermitKind, IN_FORCE):
        found = fate(_standing(kind, state, BEFORE), Allowed(), "step", concluded=False, now=NOW)
        at_the_desk = (kind, state) == (PermitKind.LEGAL, PermitState.USED)
        assert found is (None if at_the_desk else Ending.EXPIRED)


def test_what_the_desk_has_concluded_is_not_recalled() -> None:
    used = _standing(PermitKind.LEGAL, PermitState.USED)
    assert fate(used, HELD, None, concluded=True, now=NOW) is Ending.CONCLUDED


@pytest.mark.parametrize("code", sorted(OF_OUR_RULES))
def test_a_forgotten_pack_or_another_ladder_withdraws_no_file_and_stops_all_else(code: RefusalCode) -> None:
    for kind, state in product((PermitKind.LEGAL, PermitKind.RECOVERY), IN_FORCE):
        found = fate(_standing(kind, state), Refused(code, "house rule"), "step", concluded=False, now=NOW)
        at_the_desk = (kind, state) == (PermitKind.LEGAL, PermitState.USED)
        assert found == (None if at_the_desk else Recall(code.value))


@given(
    st.sampled_from(PermitKind),
    st.sampled_from(IN_FORCE),
    st.sampled_from([code for code in RefusalCode if code not in OF_OUR_RULES]),
    st.sampled_from(["step", "another", None]),
    st.booleans(),
)
def test_no_refusal_leaves_in_force_what_could_be_stopped(
    kind: PermitKind, state: PermitState, code: RefusalCode, planned: str | None, late: bool
) -> None:
    standing = _standing(kind, state, BEFORE if late else LATER)
    found = fate(standing, Refused(code, "law"), planned, concluded=False, now=NOW)
    assert found is not None or (kind, state, late) == (PermitKind.LOCATE, PermitState.USED, False)


def _asked(asker: Asker, **values: Any) -> Asked:
    return replace(Asked(_standing(PermitKind.LEGAL, PermitState.ISSUED), asker, "step"), **values)


DUE, NOT_YET, ANOTHER = DoStep("step", NOW), DoStep("step", LATER), DoStep("other", NOW)


@pytest.mark.parametrize(
    ("plan", "verdict", "values", "expected"),
    [
        (DUE, Allowed(), {}, Told("valid")),
        (DUE, HELD, {}, Told("refused", "hold")),
        (NOT_YET, Allowed(), {}, Told("refused", "plan_changed")),
        (ANOTHER, Allowed(), {}, Told("refused", "permit_recalled")),
        (DUE, Allowed(), {"step_id": "renamed"}, Told("refused", "plan_changed")),
        (DUE, Allowed(), {"recall_code": "hold", "ended": True}, Told("refused", "permit_recalled")),
        (DUE, Allowed(), {"ended": True}, Told("refused", "permit_expired")),
        (
            DUE,
            Allowed(),
            {"standing": _standing(PermitKind.LEGAL, PermitState.ISSUED, BEFORE)},
            Told("refused", "permit_expired"),
        ),
    ],
)
def test_the_system_is_told_yes_only_for_the_step_that_is_due(
    plan: DoStep, verdict: Verdict, values: dict[str, Any], expected: Told
) -> None:
    assert told(_asked(Asker.SYSTEM, **values), verdict, plan, concluded=False, now=NOW) == expected


@pytest.mark.parametrize(
    ("expires_at", "verdict", "values", "expected"),
    [
        (LATER, Allowed(), {}, Told("valid")),
        (LATER, HELD, {}, Told("recalled", "hold")),
        (BEFORE, Allowed(), {}, Told("expired")),
        (LATER, Allowed(), {"ended": True}, Told("expired")),
        (
            LATER,
            Allowed(),
            {"recall_code": "wrong_vehicle", "ended": True},
            Told("recalled", "wrong_vehicle"),
        ),
        (BEFORE, HELD, {"recall_code": "wrong_vehicle"}, Told("recalled", "wrong_vehicle")),
    ],
)
def test_an_agency_is_told_why_not(
    expires_at: datetime, verdict: Verdict, values: dict[str, Any], expected: Told
) -> None:
    standing = _standing(PermitKind.RECOVERY, PermitState.USED, expires_at)
    asked = _asked(Asker.AGENCY, standing=standing, step_id=None, **values)
    assert told(asked, verdict, ANOTHER, concluded=False, now=NOW) == expected
