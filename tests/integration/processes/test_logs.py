"""The log a tired person reads: one JSON object a line, no floods, no pages of traceback for an outage."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, structlog
from recourse.app.logs import configure_logging
from recourse.contracts.delivery import Unavailable
configure_logging()
"""


def _lines(program: str) -> list[dict[str, object]]:
    """In a process of its own: logging is set up for the whole process."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM + program], capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_a_line_is_json_with_event_level_logger_and_instant() -> None:
    (line,) = _lines("structlog.get_logger('recourse.app.relay').info('relay started', group='recourse')")
    assert line["event"] == "relay started"
    assert line["level"] == "info"
    assert line["logger"] == "recourse.app.relay"
    assert line["group"] == "recourse"
    assert str(line["timestamp"]).endswith("Z")


def test_a_library_that_complains_at_each_try_is_heard_once_a_minute() -> None:
    said = _lines(
        "for n in range(500):\n"
        "    logging.getLogger('aiokafka.cluster').error('Unable to update metadata from [%d]', n)\n"
        "    logging.getLogger('temporalio.core').warning(f'gRPC call retried {n} times')\n"
        "    logging.getLogger('consumers.loop').warning('dead letter')\n"
    )
    events = [line["event"] for line in said]
    assert events.count("Unable to update metadata from [0]") == 1
    assert events.count("gRPC call retried 0 times") == 1
    assert events.count("dead letter") == 500
    assert len(events) == 502


def test_an_outage_is_named_and_a_fault_is_traced() -> None:
    outage, fault = _lines(
        "try:\n"
        "    raise Unavailable('ConnectionRefusedError')\n"
        "except Unavailable:\n"
        "    logging.getLogger('temporalio.activity').warning('failed', exc_info=True)\n"
        "try:\n"
        "    1 / 0\n"
        "except ZeroDivisionError:\n"
        "    logging.getLogger('temporalio.activity').warning('failed', exc_info=True)\n"
    )
    assert outage["error"] == "Unavailable: ConnectionRefusedError"
    assert "exception" not in outage
    assert "ZeroDivisionError" in str(fault["exception"])
