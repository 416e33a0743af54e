"""Running an end as a process: its common options, and an HTTP end under uvicorn."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from recourse.stack.ports import HOST


def parser(description: str) -> argparse.ArgumentParser:
    """The options every end has: `--host`, `--port`, `--log` (NDJSON file)."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--host", default=HOST)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--log", type=Path, required=True)
    return options


def serve_http(app: FastAPI, host: str, port: int) -> None:
    """Serves until SIGTERM; open requests get two seconds, since an outage may hold one for ever."""
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
