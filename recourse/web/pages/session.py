"""Who looks at a page: the session that the browser's cookie names, looked up at every request; the roles a
page is for; and the token without which no form of a session is taken.

Callers, roles and lenders are those of bearer tokens (`recourse.web.access`): two credentials, one right.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request, Response

from recourse.contracts.delivery import Unavailable
from recourse.delivery import Delivery
from recourse.ports import AnswersTasks
from recourse.service import signing_in
from recourse.service.signing_in import Lasting, Visitor
from recourse.storage import accounts
from recourse.web.access import refuse_role
from recourse.web.pages.forms import form
from recourse.web.pages.guard import SAFE
from recourse.web.rate import Door, Rate

COOKIE: Final = "recourse"
HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Where plain HTTP is good enough: nobody listens between a machine and itself."""
HEADER: Final = "x-csrf-token"


@dataclass(slots=True)
class Parts:
    """door: how often a session may ask, and how often an address that has none. attempts, guesses: sign-ins
    a minute from an address, and for one login, wherever from."""

    delivery: Delivery
    runs: AnswersTasks
    lasting: Lasting = field(default_factory=Lasting)
    door: Door = field(default_factory=lambda: Door(strangers=Rate(600)))
    attempts: Rate = field(default_factory=lambda: Rate(30))
    guesses: Rate = field(default_factory=lambda: Rate(10))


class SignInNeeded(Exception):
    """There is no session, or one that still lacks the second factor."""


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def is_safe_way(request: Request) -> bool:
    """Over TLS, or within this machine."""
    return request.url.scheme == "https" or request.url.hostname in HERE


def _name(request: Request) -> str:
    """The prefix is a browser's word that nobody but this host, over TLS, has set it."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def give(request: Request, response: Response, secret: str) -> None:
    """Until the browser is closed; how long it is good is the row's business."""
    secure = request.url.scheme == "https"
    response.set_cookie(_name(request), secret, httponly=True, secure=secure, samesite="lax", path="/")


def take_away(request: Request, response: Response) -> None:
    """With all that the browser keeps of us."""
    secure = request.url.scheme == "https"
    response.delete_cookie(_name(request), httponly=True, secure=secure, samesite="lax", path="/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


async def anybody(request: Request) -> Visitor | None:
    """Whose session it is, whole or partial; None for nobody's. Raises 429, and 403 for an unsafe request
    without the session's token."""
    parts, secret = parts_of(request), request.cookies.get(_name(request), "")
    if not secret:
        return None
    knock = parts.door.knock(request, secret)
    services = parts.delivery.services
    try:
        async with services.database.reading() as tx:
            found = await signing_in.visitor(tx, secret, parts.lasting.idle)
    except Unavailable:
        knock.forgive()
        raise
    if found is None:
        return None
    parts.door.let_in(knock, found.caller.actor)
    await _is_meant(request, found)
    if found.stale:
        await services.run(lambda unit: accounts.seen(unit.tx, found.session))
    request.state.visitor = found
    return found


async def _is_meant(request: Request, who: Visitor) -> None:
    if request.method in SAFE:
        return
    given = request.headers.get(HEADER) or (await form(request)).get("csrf", "")
    if not hmac.compare_digest(given.encode(), who.csrf.encode()):
        raise HTTPException(403, "stale_form")


async def partly(who: Annotated[Visitor | None, Depends(anybody)]) -> Visitor:
    """The password was right; what is left of signing in may be done."""
    if who is None or who.whole:
        raise SignInNeeded
    return who


async def signed_in(request: Request, who: Annotated[Visitor | None, Depends(anybody)]) -> Visitor:
    """From here on the request has a delivery that shows the loans of the person's lenders and no others."""
    if who is None or not who.whole:
        raise SignInNeeded
    request.state.delivery = parts_of(request).delivery.for_lenders(who.caller.lenders)
    return who


def permitted(*roles: str) -> Callable[..., Awaitable[Visitor]]:
    """A dependency that lets these roles in; admin always."""

    async def inside(who: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
        refuse_role(who.caller, roles)
        return who

    return inside
