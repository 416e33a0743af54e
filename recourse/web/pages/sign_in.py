"""Signing in: the password, then what is left to do (a password of one's own, an authenticator, its code)."""

from __future__ import annotations

import re
from functools import partial
from io import BytesIO
from typing import Annotated, Final

import segno
import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from recourse.service import second_factor, signing_in
from recourse.service.context import Unit
from recourse.service.passwords import Weak
from recourse.service.second_factor import Code
from recourse.service.signing_in import Step, Visitor
from recourse.storage import accounts
from recourse.storage.accounts import AccountRow
from recourse.web.pages.forms import form
from recourse.web.pages.navigation import home_of
from recourse.web.pages.rendering import page
from recourse.web.pages.session import (
    SignInNeeded,
    anybody,
    give,
    is_safe_way,
    partly,
    parts_of,
    signed_in,
    take_away,
)
from recourse.web.rate import network, wait

log = structlog.get_logger(__name__)
router = APIRouter()
Anybody = Annotated[Visitor | None, Depends(anybody)]
Partial = Annotated[Visitor, Depends(partly)]
To = Annotated[str, Query(max_length=200)]
_OURS: Final = re.compile(r"/[a-z]+(?:/[A-Za-z0-9._-]+)*")
"""Paths of pages. Anything else might lead elsewhere."""


@router.get("/")
async def home(who: Annotated[Visitor, Depends(signed_in)]) -> Response:
    return RedirectResponse(home_of(who.caller.role), 303)


@router.get("/sign-in")
async def ask(request: Request, who: Anybody, to: To = "") -> Response:
    if not is_safe_way(request):
        return page(request, "problem.html", status=403, code="no_tls")
    if who is not None and who.whole:
        return RedirectResponse(_way(to, who.caller.role), 303)
    return page(request, "sign_in.html", to=to, refused=None, login="")


@router.post("/sign-in")
async def begin(request: Request, to: To = "") -> Response:
    if not is_safe_way(request):
        return page(request, "problem.html", status=403, code="no_tls")
    parts, fields = parts_of(request), await form(request)
    login, password = fields.get("login", "").strip().lower(), fields.get("password", "")
    address = network(request.client.host if request.client else "")
    wait(parts.attempts.take(address), "sign-ins")
    wait(parts.guesses.take(login), "sign-ins")
    secret = await signing_in.begin(parts.delivery.services, login, password)
    if secret is None:
        log.warning("sign-in refused", step="password")
        return page(request, "sign_in.html", status=403, to=to, refused="password_wrong", login=login)
    parts.attempts.give_back(address)
    return await _next(request, secret, to)


async def _next(request: Request, secret: str, to: str) -> Response:
    """To what is left to do, with the session that has just begun."""
    parts = parts_of(request)
    services = parts.delivery.services

    async def work(unit: Unit) -> Step:
        who = await signing_in.visitor(unit.tx, secret, parts.lasting.idle)
        row = await accounts.of_actor(unit.tx, who.caller.actor) if who is not None else None
        if row is None:
            raise SignInNeeded
        left = signing_in.left_to_do(row)
        if left is Step.ENROL:
            await second_factor.prepare(unit, row)
        return left

    left = await services.run(work)
    response = RedirectResponse(f"/sign-in/{left.value}" + (f"?to={to}" if _OURS.fullmatch(to) else ""), 303)
    give(request, response, secret)
    return response


async def _row(request: Request, who: Visitor, step: Step) -> AccountRow:
    """Raises SignInNeeded where that is not what is left to do."""
    async with parts_of(request).delivery.services.database.reading() as tx:
        row = await accounts.of_actor(tx, who.caller.actor)
    if row is None or signing_in.left_to_do(row) is not step:
        raise SignInNeeded
    return row


@router.get("/sign-in/password")
async def ask_password(request: Request, who: Partial, to: To = "") -> Response:
    await _row(request, who, Step.PASSWORD)
    return page(request, "password.html", to=to, refused=None)


@router.post("/sign-in/password")
async def choose_password(request: Request, who: Partial, to: To = "") -> Response:
    await _row(request, who, Step.PASSWORD)
    parts, fields = parts_of(request), await form(request)
    fresh = fields.get("fresh", "")
    if fresh != fields.get("again", ""):
        return page(request, "password.html", status=422, to=to, refused="password_differs")
    done = await signing_in.choose_password(parts.delivery.services, who, fresh, "", parts.lasting)
    if isinstance(done, Weak):
        return page(request, "password.html", status=422, to=to, refused=done.value)
    return await _next(request, done, to)


@router.get("/sign-in/enrol")
async def ask_enrol(request: Request, who: Partial, to: To = "") -> Response:
    return await _enrol(request, who, to)


async def _enrol(request: Request, who: Visitor, to: str, refused: str | None = None) -> Response:
    row = await _row(request, who, Step.ENROL)
    async with parts_of(request).delivery.services.database.reading() as tx:
        secret = await second_factor.shared(tx, row)
    if secret is None:
        raise SignInNeeded
    picture = _picture(second_factor.address(secret, row.login))
    spaced = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    status = 403 if refused else 200
    return page(request, "enrol.html", status=status, to=to, refused=refused, picture=picture, secret=spaced)


def _picture(address: str) -> Markup:
    """Drawn by the page itself, so that nobody else sees it."""
    drawn = BytesIO()
    segno.make(address, error="m").save(
        drawn, kind="svg", scale=5, xmldecl=False, svgns=False, dark="#000", light="#fff", omitsize=False
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - made here, of modules and nothing else


@router.get("/sign-in/code")
async def ask_code(request: Request, who: Partial, to: To = "") -> Response:
    await _row(request, who, Step.CODE)
    return page(request, "code.html", to=to, refused=None)


@router.post("/sign-in/enrol")
@router.post("/sign-in/code")
async def give_code(request: Request, who: Partial, to: To = "") -> Response:
    parts, code = parts_of(request), (await form(request)).get("code", "")
    wait(parts.guesses.take(f"code:{who.login}"), "codes")
    act = partial(signing_in.give_code, who=who, code=code, lasting=parts.lasting)
    done = await parts.delivery.services.run(act)
    if isinstance(done, Code):
        log.warning("sign-in refused", step="code")
        if request.url.path.endswith("/enrol"):
            return await _enrol(request, who, to, done.value)
        return page(request, "code.html", status=403, to=to, refused=done.value)
    log.info("signed in", actor=who.caller.actor)
    response = RedirectResponse(_way(to, who.caller.role), 303)
    give(request, response, done)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, who: Anybody) -> Response:
    """Of a partial session too; who has none is out already."""
    if who is not None:
        await parts_of(request).delivery.services.run(partial(signing_in.sign_out, who=who))
    response = RedirectResponse("/sign-in", 303)
    take_away(request, response)
    return response


def _way(to: str, role: str) -> str:
    return to if _OURS.fullmatch(to) and not to.startswith("/sign") else home_of(role)
