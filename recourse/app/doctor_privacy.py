"""Examining the keys of personal data."""

from __future__ import annotations

from recourse.app import privacy
from recourse.app.compose import services
from recourse.app.findings import Finding
from recourse.app.privacy_check import WHAT, named_again, plain, unreadable
from recourse.app.settings import Settings, SettingsError
from recourse.contracts.delivery import Unavailable
from recourse.domain.disclosure import ExportApproval
from recourse.storage import reveals
from recourse.storage.database import ReadTx

MANY = 1000
"""So many are counted."""


async def keys(settings: Settings) -> list[Finding]:
    """Whether they are there, and open what is stored; nothing about rows while the database is away."""
    try:
        privacy.required(settings)
        ring = privacy.key_ring(settings)
    except SettingsError as error:
        return [Finding(WHAT, "down", str(error), "until then nothing about people can be read or stored")]
    used = ring.wrapping[-1].id if ring else ""
    says = f"keys are there, {used} wraps"
    if not settings.privacy_erased_file:
        says += "; nobody can be erased before RECOURSE_PRIVACY_ERASED_FILE is set"
    if settings.export_approval is ExportApproval.ONE_PERSON:
        says += "; one person alone gives personal data out (RECOURSE_EXPORT_APPROVAL)"
    return [Finding(WHAT, "ok", says), *await _stored(settings)]


async def _stored(settings: Settings) -> list[Finding]:
    try:
        async with services(settings) as running:
            async with running.database.reading() as tx:
                found = [*await unreadable(tx, settings), *await named_again(tx), *await _broken(tx)]
            return found + await plain(running)
    except Unavailable:  # PostgreSQL's own examination says so
        return []


async def _broken(tx: ReadTx) -> list[Finding]:
    waiting = await reveals.broken(tx, reviewed=False, limit=MANY)
    if not waiting:
        return []
    number = f"{MANY} or more" if len(waiting) == MANY else str(len(waiting))
    says = f"{number} dossiers were read outside somebody's role or lenders, and nobody has reviewed it"
    return [Finding(WHAT, "finding", says, "see `recourse access breaks`, then `recourse access review`")]
