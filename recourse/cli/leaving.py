"""The end of a command, with the exit code that it has earned."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from contextlib import suppress

from typer import Typer

_BRIDGE = "temporalio.bridge.temporal_sdk_bridge"


def run(app: Typer) -> None:
    """Run the command line and leave with its code.

    Threads of Temporal's client outlive the loop; one that comes back while Python takes itself apart kills
    a command that had done its work (temporalio/sdk-python #300). So then nothing is taken apart: what wants
    to be told of the end is told, and the process ends.
    """
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if _BRIDGE not in sys.modules:
            raise
    else:
        code = 0
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):  # whoever read it has seen enough
            stream.flush()
    os._exit(code)
