"""Where the bundle of a loan is written follows from its id, and never leaves the folder."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recourse.cli.bundling import _file
from recourse.domain.ids import LoanId

FOLDER = Path("/bundles/of/court")
HOSTILE = st.text(st.characters(codec="utf-8"), min_size=1) | st.sampled_from(
    ["..", "../../etc/passwd", "/etc/passwd", "a/b", "C:\\x", ".", "a\0b"]
)


@given(HOSTILE, HOSTILE)
def test_no_id_leads_out_of_the_folder_and_no_two_to_one_file(one: str, other: str) -> None:
    first, second = (_file(FOLDER, LoanId(loan)) for loan in (one, other))
    assert first.parent == FOLDER
    assert first.resolve().parent == FOLDER
    assert (first == second) == (one == other)
