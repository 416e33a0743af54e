"""How a process ends: only a wrong setting may end it for good."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
import typer

from recourse.app.settings import SettingsError
from recourse.cli.common import run
from recourse.cli.processes import Unforeseen, guarded
from recourse.contracts.delivery import Unacceptable, Unavailable


@pytest.mark.parametrize("error", [KeyError("cn_auto@1"), IndexError(), Unacceptable("DataError")])
def test_a_bug_of_a_process_is_no_usage_error_so_that_it_is_started_again(error: Exception) -> None:
    async def process() -> None:
        raise error

    with pytest.raises(Unforeseen, match=type(error).__name__) as caught:
        run(guarded(process()))
    assert caught.value.__cause__ is error


def test_a_zone_that_is_none_is_such_a_bug() -> None:
    async def process() -> None:
        ZoneInfo("Beijing")

    with pytest.raises(Unforeseen):
        run(guarded(process()))


@pytest.mark.parametrize(
    ("error", "code"), [(SettingsError("RECOURSE_X: mend it"), 2), (Unavailable("lock"), 3)]
)
def test_a_wrong_setting_ends_it_for_good_and_a_dependency_for_now(error: Exception, code: int) -> None:
    async def process() -> None:
        raise error

    with pytest.raises(typer.Exit) as caught:
        run(guarded(process()))
    assert caught.value.exit_code == code
