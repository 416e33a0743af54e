"""The people of the demo have an answer to whatever a ladder may ask of them."""

from __future__ import annotations

import pytest

from recourse.demo.tasks import usual
from recourse.domain.dispositions import KINDS, allowed_outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_task_has_a_usual_answer(kind: str) -> None:
    assert usual({"kind": kind})["outcome"] in allowed_outcomes(kind)
