"""Whether every erasure holds, every data key opens, and nothing is plain."""

from __future__ import annotations

from functools import partial

from sqlalchemy import func, select

from recourse.app import privacy
from recourse.app.compose import services
from recourse.app.erased_list import ErasedList
from recourse.app.findings import Finding
from recourse.app.settings import Settings
from recourse.domain.ids import PersonId
from recourse.service import erasing, keeping_keys
from recourse.service.context import Services, Unit
from recourse.storage import erasures
from recourse.storage.database import ReadTx
from recourse.storage.tables import data_key

WHAT = "privacy"


async def checked(settings: Settings, erased: ErasedList, *, apply: bool) -> list[Finding]:
    """apply: keys that came back are destroyed again. Raises SettingsError for keys that are missing."""
    privacy.required(settings)
    listed = erased.ids()
    async with services(settings) as running:
        async with running.database.reading() as tx:
            back = await erasures.standing_people(tx, listed)
        if apply:
            for person_id in back:
                await running.run(partial(erasing.erase_again, person_id=person_id, listed=erased.add))
            await _loose(running, listed)
        async with running.database.reading() as tx:
            found = [*_came_back(back, apply), *await _unlisted(tx, listed), *await named_again(tx)]
            found += await unreadable(tx, settings)
        return found + await plain(running)


def _came_back(back: list[PersonId], applied: bool) -> list[Finding]:
    if not back:
        return []
    says = f"{len(back)} people were erased, and their keys are back: an old backup was restored"
    remedy = "done: destroyed again" if applied else "recourse privacy check --apply, before anything starts"
    return [Finding(WHAT, "finding", says, remedy)]


async def _loose(running: Services, listed: list[str]) -> None:
    """Keys on the list of no person who is there: of a loan, say."""

    async def work(unit: Unit) -> None:
        await erasures.destroy_listed(unit.tx, listed, unit.now)

    await running.run(work)


async def _unlisted(tx: ReadTx, listed: list[str]) -> list[Finding]:
    known = set(listed)
    missing = sorted({key for row in await erasures.every(tx) for key in row.key_ids} - known)
    if not missing:
        return []
    says = f"{len(missing)} destroyed keys are not on the list: after a restored backup nobody would know"
    return [Finding(WHAT, "finding", says, "is RECOURSE_PRIVACY_ERASED_FILE the right file? restore it")]


async def named_again(tx: ReadTx) -> list[Finding]:
    again = list(dict.fromkeys(await erasures.named_again_of(tx)))
    if not again:
        return []
    says = f"the bank still names people who were erased ({', '.join(again[:5])})"
    return [Finding(WHAT, "finding", says, "nothing of it was kept; ask the bank to stop, or why")]


async def unreadable(tx: ReadTx, settings: Settings) -> list[Finding]:
    """Data keys wrapped by a key that the ring does not have."""
    ring = privacy.key_ring(settings)
    c = data_key.c
    counted = select(c.wrapped_by, func.count()).where(c.wrapped.is_not(None)).group_by(c.wrapped_by)
    known = {key.id for key in ring.wrapping} if ring else set()
    lost = {by: number for by, number in await tx.execute(counted) if by not in known}
    if not lost:
        return []
    says = f"{sum(lost.values())} data keys are wrapped by {', '.join(sorted(lost))}, which the ring has not"
    return [Finding(WHAT, "finding", says, "add that key to RECOURSE_PRIVACY_KEYS_FILE from its copy")]


async def plain(running: Services) -> list[Finding]:
    left = await keeping_keys.left(running, keeping_keys.sealing())
    told = ", ".join(f"{number} of {name}" for name, number in left.items() if number)
    return [Finding(WHAT, "finding", f"rows in plain: {told}", "recourse privacy seal")] if told else []
