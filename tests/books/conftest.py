"""The real book, where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def path() -> Path:
    data = Path(os.environ.get("RECOURSE_TEST_DATA", ROOT.parent / "shared" / "data"))
    found = data / "metro2" / "m2_2k_lines_deidentified.zip"
    if not found.is_file():
        pytest.skip(
            f"the real book is not here: {found}; set RECOURSE_TEST_DATA to the folder that has metro2/"
        )
    return found
