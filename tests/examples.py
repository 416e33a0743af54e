"""How many examples a property is tried with: all of them in `make test`, fewer in the inner loop."""

from __future__ import annotations

import os

from hypothesis import settings

FEW = os.environ.get("RECOURSE_TEST_EXAMPLES") == "few"
"""Set by `make unit`."""


def examples(number: int) -> settings:
    return settings(max_examples=max(number // 5, 8) if FEW else number, deadline=None)
