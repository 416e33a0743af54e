"""Fixtures every kind of test may ask for."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from recourse.stack import StackAddresses, running
from tests.examples import FEW

os.environ["COLUMNS"] = "400"
"""Before any console is made: on a narrow one, as pytest-xdist gives its workers, tables fold their texts."""


settings.register_profile("recourse", deadline=None, max_examples=10 if FEW else 50)
settings.load_profile("recourse")


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StackAddresses]:
    """One whole stack for the run, started when the first test asks; or the one RECOURSE_TEST_STACK names."""
    async with running(tmp_path_factory.mktemp("stack")) as addresses:
        yield addresses
