"""The second factor: codes of an authenticator (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), each good
once. What both sides share is sealed with a key of the actor."""

from __future__ import annotations

import hmac
import time
from enum import StrEnum
from typing import Final

import pyotp

from recourse.service.context import Unit
from recourse.storage import accounts, vault
from recourse.storage.accounts import AccountRow
from recourse.storage.database import ReadTx, Tx
from recourse.storage.vault import Place

ISSUER: Final = "Recourse"
PERIOD: Final = 30
MOST_REFUSED: Final = 20
"""In a row; then an administrator has to look (`recourse users reset`). NIST SP 800-63B allows 100."""


class Code(StrEnum):
    GOOD = "good"
    REFUSED = "code_refused"
    USED = "code_used"
    LOCKED = "code_locked"


def _place(actor: str) -> Place:
    return Place("account", "totp_sealed", actor, (f"staff:{actor}",))


async def shared(tx: Tx | ReadTx, row: AccountRow) -> str | None:
    """In base 32; None before there is one."""
    found = await vault.opened(tx, _place(row.actor), row.totp_sealed)
    return found.decode() if found is not None else None


def fresh_key() -> str:
    """160 random bits, in base 32."""
    return pyotp.random_base32()


async def prepare(unit: Unit, row: AccountRow) -> str:
    """What is to be put into the authenticator. The same until a code of it was shown: who reloads the page
    must not be left with a code that nobody believes."""
    known = await shared(unit.tx, row)
    if known is not None:
        return known
    fresh = fresh_key()
    await accounts.change(unit.tx, row.actor, totp_sealed=await vault.seal(unit.tx, _place(row.actor), fresh))
    return fresh


def address(secret: str, login: str) -> str:
    """As authenticators read it from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


async def check(unit: Unit, row: AccountRow, code: str, now: float | None = None) -> Code:
    """now: seconds of the epoch. One period before and after is taken: clocks differ."""
    if row.refused_codes >= MOST_REFUSED:
        return Code.LOCKED
    secret = await shared(unit.tx, row)
    step = _step(secret, code, time.time() if now is None else now) if secret is not None else None
    if step is None:
        await accounts.refuse_code(unit.tx, row.actor)
        return Code.REFUSED
    return Code.GOOD if await accounts.use_step(unit.tx, row.actor, step) else Code.USED


def _step(secret: str, code: str, now: float) -> int | None:
    given, counted = code.replace(" ", ""), int(now // PERIOD)
    totp = pyotp.TOTP(secret)
    for step in (counted - 1, counted, counted + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given.encode()):
            return step
    return None
