"""`recourse seal`: seals what was written, signs the tree and leaves its checkpoints outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from consumers.backoff import Away, Backoff
from recourse.app.compose import ledger_services
from recourse.app.settings import Settings, SettingsError
from recourse.app.stopping import stop_signal
from recourse.contracts.delivery import Unacceptable, Unavailable
from recourse.domain.evidence.note import NoteError, VerifierKey
from recourse.gateways.anchors import FolderAnchor, HttpWitness, witness_place
from recourse.gateways.signing import Ed25519Signer, is_signature
from recourse.gateways.timestamps import TimestampAuthority, TimestampRoots, authority_place
from recourse.ports import Anchor, NotHandedOver, RefusedByProvider
from recourse.service.attesting import attest, leave, leave_stamps
from recourse.service.context import Services, Unit
from recourse.service.sealing import Turn, seal_batch
from recourse.storage.seal_tree import BrokenTree

log = structlog.get_logger(__name__)
_TROUBLE: Final = (Unavailable, Unacceptable, BrokenTree)
"""Tried again for ever. At all but the first somebody was at the tree: `verify` says where."""
LONGEST_REST: Final = 60.0
"""Seconds before a place that was not reached is tried again."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """origin: the ledger's name in its checkpoints, the same for ever. folder: where time stamps go too."""

    services: Services
    signer: Ed25519Signer
    origin: str
    anchors: Sequence[Anchor]
    folder: FolderAnchor | None = None

    async def seal(self) -> int:
        """Everything that waits; how many rows."""
        sealed = 0
        while (turn := await self.services.run(self._batch)) is not None:
            sealed += turn.sealed
            if not turn.more:
                break
        return sealed

    async def _batch(self, unit: Unit) -> Turn | None:
        """Sealed and signed together: no tree is ever without its checkpoint."""
        turn = await seal_batch(unit)
        if turn is not None:
            await attest(unit, turn, self.origin, self.signer)
        return turn

    async def leave(self) -> dict[str, str]:
        """The newest checkpoint everywhere. Places that could not be left it, and why."""
        tried = await asyncio.gather(*(_tried(errand) for errand in self.errands()))
        if self.folder is not None:  # stamps that came just now
            tried.append(await _tried(self._stamps(self.folder)))
        return {place: why for place, why in tried if why}

    def errands(self) -> list[Errand]:
        """What is carried outside, each on its own: a place that hangs keeps neither the others nor us."""
        errands = [Errand(one.place, partial(leave, self.services, one)) for one in self.anchors]
        return errands + ([self._stamps(self.folder)] if self.folder is not None else [])

    def _stamps(self, folder: FolderAnchor) -> Errand:
        return Errand(f"{folder.place}, time stamps", partial(leave_stamps, self.services, folder))


@dataclass(frozen=True, slots=True)
class Errand:
    place: str
    run: Callable[[], Awaitable[None]]


async def _tried(errand: Errand) -> tuple[str, str]:
    """The place, and what went wrong there."""
    try:
        await errand.run()
    except NotHandedOver as error:
        return errand.place, error.reason
    except RefusedByProvider as error:
        return errand.place, f"refused: {error.code}"
    except NoteError as error:  # somebody wrote over what is kept here; `verify` says where
        return errand.place, str(error)
    return errand.place, ""


@dataclass(frozen=True, slots=True)
class Place:
    """name: as it is kept with what was left there. every: how long it rests."""

    name: str
    every: timedelta


def places(settings: Settings) -> list[Place]:
    """What the settings name, without speaking to any of them."""
    found = []
    if settings.evidence_folder:
        found.append(Place(FolderAnchor(Path(settings.evidence_folder)).place, timedelta()))
    if settings.evidence_witness_url:
        found.append(Place(witness_place(VerifierKey.parse(settings.evidence_witness_key)), timedelta()))
    if settings.evidence_timestamp_url:
        every = timedelta(seconds=settings.evidence_timestamp_every_seconds)
        found.append(Place(authority_place(settings.evidence_timestamp_url), every))
    return found


@asynccontextmanager
async def sealer(settings: Settings) -> AsyncIterator[Sealer]:
    """Raises SettingsError for a key that is missing or is none."""
    signer = signing_key(settings)
    folder = FolderAnchor(Path(settings.evidence_folder)) if settings.evidence_folder else None
    witness = _witness(settings)
    authority = timestamp_authority(settings)
    anchors: list[Anchor] = [one for one in (folder, witness, authority) if one is not None]
    async with AsyncExitStack() as stack:
        for one in (witness, authority):
            if one is not None:
                stack.push_async_callback(one.close)
        running = await stack.enter_async_context(ledger_services(settings))
        yield Sealer(running, signer, settings.evidence_origin or signer.key.name, anchors, folder)


def _witness(settings: Settings) -> HttpWitness | None:
    if not settings.evidence_witness_url:
        return None
    key = VerifierKey.parse(settings.evidence_witness_key)
    return HttpWitness(settings.evidence_witness_url, key, is_signature)


def timestamp_authority(settings: Settings) -> TimestampAuthority | None:
    """Raises SettingsError for roots that cannot be read."""
    url, roots = settings.evidence_timestamp_url, timestamp_roots(settings)
    if not url or roots is None:
        return None
    return TimestampAuthority(url, roots, timedelta(seconds=settings.evidence_timestamp_every_seconds))


def timestamp_roots(settings: Settings) -> TimestampRoots | None:
    """None where no setting names them. Raises SettingsError."""
    path = settings.evidence_timestamp_roots
    if not path:
        return None
    try:
        return TimestampRoots.read(Path(path))
    except OSError as error:
        raise SettingsError(f"RECOURSE_EVIDENCE_TIMESTAMP_ROOTS: {path}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(
            f"RECOURSE_EVIDENCE_TIMESTAMP_ROOTS: {path}: no certificates in PEM; the authority publishes them"
        ) from None


def signing_key(settings: Settings) -> Ed25519Signer:
    path = settings.evidence_key_file
    how = f"make a key with `recourse evidence keygen {path or 'FILE'} --name NAME`"
    if not path:
        raise SettingsError(f"RECOURSE_EVIDENCE_KEY_FILE: missing; {how}")
    try:
        return Ed25519Signer.read(Path(path))
    except FileNotFoundError:
        raise SettingsError(f"RECOURSE_EVIDENCE_KEY_FILE: {path} is not there; {how}") from None
    except (NoteError, OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"RECOURSE_EVIDENCE_KEY_FILE: {error}") from None


async def run_sealer(settings: Settings, stopping: asyncio.Event | None = None) -> None:
    """Until asked to stop. Several may run; one seals at a time."""
    stopping = stopping or stop_signal()
    async with sealer(settings) as one, asyncio.TaskGroup() as group:
        log.info("sealer started", origin=one.origin, key=str(one.signer.key))
        every = settings.evidence_every_seconds
        outside = [group.create_task(_running(errand, every)) for errand in one.errands()]
        await _sealing(one, stopping, every)
        for task in outside:  # which may hang; what is not finished is done again at the next start
            task.cancel()


async def _sealing(one: Sealer, stopping: asyncio.Event, every: float) -> None:
    backoff, away = Backoff(), Away("seal", log)
    while not stopping.is_set():
        wait = every
        try:
            sealed = await one.seal()
            backoff.reset()
            away.worked()
            if sealed:
                log.info("sealed", rows=sealed)
        except _TROUBLE as error:
            wait = backoff.next()
            away.failed(str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait)


async def _running(errand: Errand, every: float) -> None:
    """A place that knows another tree is told of loudly and holds up nobody: that is what it is there for."""
    backoff, away = Backoff(first=every, most=LONGEST_REST), Away("leave a checkpoint outside", log)
    while True:
        wait = every
        try:
            _, why = await _tried(errand)
        except _TROUBLE as error:
            why = str(error)
        if why:
            wait = backoff.next()
            away.failed(why, place=errand.place)
        else:
            backoff.reset()
            away.worked()
        await asyncio.sleep(wait)
