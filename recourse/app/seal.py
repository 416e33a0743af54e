"""`recourse seal`: seals what was written, signs the tree and leaves its checkpoints outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from consumers.backoff import Away, Backoff
from recourse.app.compose import services
from recourse.app.settings import Settings, SettingsError
from recourse.app.stopping import stop_signal
from recourse.contracts.delivery import Unavailable
from recourse.domain.evidence.note import NoteError, VerifierKey
from recourse.gateways.anchors import FolderAnchor, HttpWitness
from recourse.gateways.signing import Ed25519Signer, is_signature
from recourse.ports import Anchor
from recourse.service.attesting import attest, leave_outside
from recourse.service.context import Services, Unit
from recourse.service.sealing import Turn, seal_batch

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sealer:
    """origin: the ledger's name in its checkpoints, the same for ever."""

    services: Services
    signer: Ed25519Signer
    origin: str
    anchors: Sequence[Anchor]

    async def all(self) -> tuple[int, bool]:
        """Everything that waits. How many rows were sealed, and whether every place outside has it."""
        sealed = 0
        while (turn := await self.services.run(self._batch)) is not None:
            sealed += turn.sealed
            if not turn.more:
                break
        return sealed, await leave_outside(self.services, self.anchors)

    async def _batch(self, unit: Unit) -> Turn | None:
        """Sealed and signed together: no tree is ever without its checkpoint."""
        turn = await seal_batch(unit)
        if turn is not None:
            await attest(unit, turn, self.origin, self.signer)
        return turn


@asynccontextmanager
async def sealer(settings: Settings) -> AsyncIterator[Sealer]:
    """Raises SettingsError for a key that is missing or is none."""
    signer = signing_key(settings)
    async with services(settings) as running:
        anchors: list[Anchor] = []
        if settings.evidence_folder:
            anchors.append(FolderAnchor(Path(settings.evidence_folder)))
        witness = None
        if settings.evidence_witness_url:
            key = VerifierKey.parse(settings.evidence_witness_key)
            witness = HttpWitness(settings.evidence_witness_url, key, is_signature)
            anchors.append(witness)
        try:
            yield Sealer(running, signer, settings.evidence_origin or signer.key.name, anchors)
        finally:
            if witness is not None:
                await witness.close()


def signing_key(settings: Settings) -> Ed25519Signer:
    if not settings.evidence_key_file:
        raise SettingsError(
            "RECOURSE_EVIDENCE_KEY_FILE: missing; make a key with `recourse evidence keygen FILE --name NAME`"
        )
    try:
        return Ed25519Signer.read(Path(settings.evidence_key_file))
    except (NoteError, OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"RECOURSE_EVIDENCE_KEY_FILE: {error}") from None


async def run_sealer(settings: Settings, stopping: asyncio.Event | None = None) -> None:
    """Until asked to stop. Several may run; one seals at a time."""
    stopping = stopping or stop_signal()
    async with sealer(settings) as one:
        log.info("sealer started", origin=one.origin, key=str(one.signer.key))
        backoff, away = Backoff(), Away("seal", log)
        while not stopping.is_set():
            wait = settings.evidence_every_seconds
            try:
                sealed, _ = await one.all()
                backoff.reset()
                away.worked()
                if sealed:
                    log.info("sealed", rows=sealed)
            except Unavailable as error:
                wait = backoff.next()
                away.failed(str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), wait)
