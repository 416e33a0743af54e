"""Examining the places outside that keep or stamp the ledger's checkpoints."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from recourse.app.compose import services
from recourse.app.findings import Finding, found
from recourse.app.seal import Place, places, timestamp_roots
from recourse.app.settings import Settings, SettingsError
from recourse.contracts.delivery import Unavailable
from recourse.storage import checkpoints
from recourse.storage.checkpoints import Behind

WHAT: Final = "evidence"
LEFT_WITHIN: Final = timedelta(minutes=10)
"""Real time from a checkpoint to its copy outside, besides the rest that a place is given."""
_PATIENCE: Final = 4.0


async def outside(settings: Settings) -> list[Finding]:
    """Nothing where no place is set: a deployment may do without."""
    folder, url = settings.evidence_folder, settings.evidence_timestamp_url
    return [
        *([_folder(Path(folder))] if folder else []),
        *(await _authority(settings, url) if url else []),
        *await _behind(settings),
    ]


def _folder(folder: Path) -> Finding:
    if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
        return Finding(WHAT, "ok", f"{folder} is there")
    return Finding(WHAT, "finding", f"{folder} cannot be read", "mount it, or mend RECOURSE_EVIDENCE_FOLDER")


async def _authority(settings: Settings, url: str) -> list[Finding]:
    """Whether it answers at all: a stamp may cost money, so none is asked for."""
    host = httpx.URL(url).host
    try:
        timestamp_roots(settings)
        async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            await client.head(url)
    except SettingsError as error:
        return [Finding(WHAT, "finding", str(error), "mend it: no stamp can be checked without")]
    except httpx.HTTPError as error:
        remedy = "sealing goes on, and the newest checkpoint is stamped when it is back"
        return [Finding(WHAT, "down", f"{host} does not answer: {type(error).__name__}", remedy)]
    return [Finding(WHAT, "ok", f"{host} answers")]


async def _behind(settings: Settings) -> list[Finding]:
    """Places that have long been without the newest checkpoint. Nothing while the database is away: its own
    examination says so."""
    try:
        async with services(settings) as running, running.database.reading() as tx:
            lags = [(place, await checkpoints.behind(tx, place.name)) for place in places(settings)]
    except Unavailable:
        return []
    return [_lag(place, lag, datetime.now(UTC)) for place, lag in lags]


def _lag(place: Place, lag: Behind, now: datetime) -> Finding:
    if lag.since is None:
        return Finding(WHAT, "ok", f"{place.name} has the newest checkpoint")
    age = int((now - lag.since).total_seconds())
    says = f"{place.name} is {lag.checkpoints} checkpoints behind, the first of them {age} s old"
    remedy = "is `recourse seal` running? its log says what the place answers"
    return found(WHAT, says, remedy, bad=lag.since < now - LEFT_WITHIN - place.every)
