"""What is logged of a dependency that is away: the beginning, a reminder now and then, and the end."""

from __future__ import annotations

from structlog.testing import CapturingLogger

from consumers.backoff import Away


def _said(log: CapturingLogger) -> list[tuple[str, str]]:
    return [(call.method_name, call.args[0]) for call in log.calls]


def test_one_outage_is_two_lines_however_often_it_is_tried() -> None:
    log = CapturingLogger()
    away = Away("accept", log)
    for _ in range(50):
        away.failed("gone")
    away.worked()
    away.worked()
    assert _said(log) == [("warning", "cannot accept, trying again"), ("info", "can accept again")]


def test_a_long_outage_is_said_again() -> None:
    log = CapturingLogger()
    away = Away("accept", log, every=0)
    away.failed("gone")
    away.failed("gone")
    assert len(_said(log)) == 2


def test_what_never_failed_is_not_mentioned() -> None:
    log = CapturingLogger()
    Away("accept", log).worked()
    assert _said(log) == []
