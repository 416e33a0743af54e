"""The engine is away from the start: that is something to wait for, not a fault of the program."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from recourse.contracts.messages import CalendarData, Nudge, TaskAnswer
from recourse.domain.calendar import BusinessCalendar
from recourse.ports import RunsUnavailable
from recourse.temporal.case_runs import TemporalCaseRuns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def _away() -> TemporalCaseRuns:
    """A lazy client of an address where nobody listens: it has never been connected."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    client = await Client.connect(address, lazy=True)
    return TemporalCaseRuns(client, CalendarData.of(BusinessCalendar(EPOCH, EPOCH, 1)), "recourse")


async def test_a_nudge_can_be_tried_again() -> None:
    with pytest.raises(RunsUnavailable, match="no connection"):
        await (await _away()).nudge(Nudge("case-L-1-1", 1, ("overdue",), "CN"))


async def test_asking_which_cases_run_can_be_tried_again() -> None:
    with pytest.raises(RunsUnavailable, match="no connection"):
        await (await _away()).running(["case-L-1-1"])


async def test_an_answer_can_be_tried_again() -> None:
    answer = TaskAnswer("task-1", "claim", "agent-1", "request-1", ("agent",))
    with pytest.raises(RunsUnavailable, match="no connection"):
        await (await _away()).answer_task("case-L-1-1", answer)
