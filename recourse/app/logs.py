"""Logging: structlog over the standard library, JSON lines or for people. Never a payload or an address.

A dependency that is away makes libraries complain at each of their tries, dozens of times a second; such a
line is written once a minute with the number of those left out.
"""

from __future__ import annotations

import logging
import re
import sys
import time

import structlog
from structlog.typing import Processor
from temporalio import activity, workflow
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from recourse.contracts.delivery import Unavailable
from recourse.ports import RunsUnavailable

EVERY = 60.0
"""Seconds between two lines of a library that say the same."""
LIBRARIES = ("aiokafka", "httpx", "sqlalchemy", "mail.log", "temporalio.core")
_NUMBERS = re.compile(r"\d+")


def configure_logging(style: str = "json") -> None:
    """style: `json` for machines, `console` for people."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if style == "console" else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Damper(EVERY))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _briefly,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in (*LIBRARIES, "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Workflow and activity details belong into their own fields, not into the message text.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _forward_the_engines_log()


class Damper(logging.Filter):
    """Lets a library's line through once in `every` seconds, whatever numbers stand in it; the next one tells
    how many were `left_out`. Our own lines always pass."""

    def __init__(self, every: float) -> None:
        super().__init__()
        self._every = every
        self._said: dict[tuple[str, str], float] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(LIBRARIES):
            return True
        key, now = (record.name, _NUMBERS.sub("#", str(record.msg))), time.monotonic()
        if key in self._said and now - self._said[key] < self._every:
            self._left_out[key] = self._left_out.get(key, 0) + 1
            return False
        self._said[key] = now
        if left_out := self._left_out.pop(key, 0):
            record.left_out = left_out
        return True


def _briefly(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A dependency that is away is no fault of the program: its name instead of a page of traceback."""
    for repeated in ("color_message", "temporal_log"):
        event.pop(repeated, None)
    given = event.get("exc_info")
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, (Unavailable, RunsUnavailable)):
        del event["exc_info"]
        event["error"] = f"{type(error).__name__}: {error}"
    return event


def _forward_the_engines_log() -> None:
    """Temporal's core writes text in colours to the terminal unless it is told where to write."""
    forwarding = LogForwardingConfig(
        logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
    )
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    telemetry = TelemetryConfig(logging=LoggingConfig(filter=levels, forwarding=forwarding))
    Runtime.set_default(Runtime(telemetry=telemetry), error_if_already_set=False)
