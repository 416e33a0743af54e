"""One's own account: language and look, the password, and where one is signed in."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from recourse.service import signing_in
from recourse.service.passwords import Weak
from recourse.service.signing_in import Visitor
from recourse.storage import accounts
from recourse.web.pages.forms import form
from recourse.web.pages.language import LANGUAGES
from recourse.web.pages.navigation import ANYBODY
from recourse.web.pages.rendering import LOOKS, page
from recourse.web.pages.session import give, parts_of, permitted
from recourse.web.rate import wait

log = structlog.get_logger(__name__)
router = APIRouter()
Own = Annotated[Visitor, Depends(permitted(*ANYBODY))]


@router.get("/account")
async def show(request: Request, who: Own, done: str = "") -> Response:
    return await _show(request, who, done=done)


async def _show(
    request: Request, who: Visitor, *, done: str = "", refused: str | None = None, status: int = 200
) -> Response:
    parts = parts_of(request)
    async with parts.delivery.services.database.reading() as tx:
        sessions = await accounts.running(tx, who.caller.actor, parts.lasting.idle)
    told = done if done in {"saved", "password_changed", "sessions_ended"} else ""
    return page(
        request,
        "account.html",
        status=status,
        sessions=sessions,
        done=told,
        refused=refused,
        languages=LANGUAGES,
        looks=LOOKS,
    )


@router.post("/account/settings")
async def settings(request: Request, who: Own) -> Response:
    fields = await form(request)
    language, look = fields.get("language", ""), fields.get("look", "")
    values = {
        "language": language if language in LANGUAGES else None,
        "look": look if look in LOOKS else None,
        "onward": fields.get("onward") == "on",
    }
    services = parts_of(request).delivery.services
    await services.run(lambda unit: accounts.change(unit.tx, who.caller.actor, **values))
    return RedirectResponse("/account?done=saved", 303)


@router.post("/account/password")
async def password(request: Request, who: Own) -> Response:
    """The one he has first; then every other session of his ends."""
    parts, fields = parts_of(request), await form(request)
    wait(parts.guesses.take(who.login), "passwords")
    fresh, current = fields.get("fresh", ""), fields.get("current", "")
    if fresh != fields.get("again", ""):
        return await _show(request, who, refused="password_differs", status=422)
    try:
        done = await signing_in.choose_password(parts.delivery.services, who, fresh, current, parts.lasting)
    except PermissionError:
        return await _does_not_know(request, who)
    if isinstance(done, Weak):
        return await _show(request, who, refused=done.value, status=422)
    response = RedirectResponse("/account?done=password_changed", 303)
    give(request, response, done)
    return response


async def _does_not_know(request: Request, who: Visitor) -> Response:
    log.warning("sign-in refused", step="password")
    return await _show(request, who, refused="password_wrong", status=403)


@router.post("/account/sessions")
async def end_sessions(request: Request, who: Own) -> Response:
    """One other, by its number, or every other one; by who knows the password (OWASP ASVS 5.0: 7.5.2)."""
    parts, fields = parts_of(request), await form(request)
    wait(parts.guesses.take(who.login), "passwords")
    if not await signing_in.knows(parts.delivery.services, who, fields.get("current", "")):
        return await _does_not_know(request, who)
    number = fields.get("session", "")
    if number and not (number.isdecimal() and len(number) < 19):
        raise HTTPException(422)  # never taken for all of them
    one = int(number) if number else None
    act = partial(signing_in.end_own, who=who, session=one)
    await parts.delivery.services.run(act)
    return RedirectResponse("/account?done=sessions_ended", 303)
