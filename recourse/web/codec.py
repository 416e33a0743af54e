"""The codec server: opens encrypted payloads for Temporal's Web UI, for those who may read a dossier.

Only /decode: who signals or starts a case by hand from a browser would go past every check. The UI sends the
cookie of the session that begins by signing in at / with an API token; a program may send the token itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

import structlog
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from temporalio.api.common.v1 import Payload, Payloads

from recourse.contracts.delivery import Unavailable
from recourse.service.context import Services
from recourse.service.tokens import Caller
from recourse.web.access import caller_of
from recourse.web.codec_sessions import LASTS, CodecSessions
from recourse.web.headers import HEADERS, SafeHeaders
from recourse.web.limits import BodyLimit
from recourse.web.rate import Door, Rate

log = structlog.get_logger(__name__)
READERS: Final = frozenset({"lead", "legal", "auditor", "admin"})
COOKIE: Final = "recourse_codec"
LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a body: as much as one message of Temporal may have."""
MOST_A_MINUTE: Final = 300
"""Requests of one person; the UI sends one for each event that it unfolds."""
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Recourse codec</title>
<h1>Recourse: contents of cases for the Temporal UI</h1>
<p>{says}</p><form method="post" action="/login"><label>API token
<input type="password" name="token" autocomplete="off" required></label>
<button>Sign in</button></form>
<form method="post" action="/logout"><button>Sign out</button></form></html>"""


@dataclass(frozen=True, slots=True)
class CodecParts:
    """opened: the payload inside, the same one where it is not ours, None where it cannot be opened.
    origin: of the UI, `scheme://host[:port]`; only its pages may ask from a browser. door: how often."""

    services: Services
    opened: Callable[[Payload], Payload | None]
    namespace: str
    origin: str
    door: Door = field(default_factory=lambda: Door(Rate(MOST_A_MINUTE)))
    sessions: CodecSessions = field(default_factory=CodecSessions)


def build_codec(parts: CodecParts) -> FastAPI:
    app = FastAPI(title="Recourse codec", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts = parts
    app.add_middleware(BodyLimit, longest=LONGEST)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[parts.origin] if parts.origin else [],
        allow_methods=["POST"],
        allow_headers=["Authorization", "Content-Type", "X-Namespace"],
        allow_credentials=True,
    )
    app.add_middleware(SafeHeaders)
    app.get("/", response_class=HTMLResponse)(_page)
    app.post("/login", dependencies=[Depends(_own_page)])(_login)
    app.post("/logout", dependencies=[Depends(_own_page)])(_logout)
    app.post("/decode")(_decode)
    app.get("/healthz")(_healthy)
    app.add_exception_handler(Unavailable, _down)
    return app


async def _healthy() -> dict[str, str]:
    return {"status": "ok"}


async def _down(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"try again: {error}"}, 503, {"Retry-After": "5"})


async def _page() -> HTMLResponse:
    return _html("Sign in with a token of a lead, a lawyer, an auditor or an administrator.")


def _html(says: str, status: int = 200) -> HTMLResponse:
    policy = HEADERS["Content-Security-Policy"] + "; form-action 'self'"
    return HTMLResponse(_PAGE.format(says=says), status, {"Content-Security-Policy": policy})


async def _reader(request: Request, token: str) -> Caller:
    """Raises 401 for a token of nobody, 403 for one that may not see every case, 429 for too often."""
    parts: CodecParts = request.app.state.parts
    known = await caller_of(request, parts.door, parts.services, token)
    if known is None:
        raise HTTPException(401, "a valid token is required", {"WWW-Authenticate": "Bearer"})
    if known.role not in READERS:
        raise HTTPException(403, f"the role {known.role} may not do this")
    if known.lenders is not None:
        raise HTTPException(
            403, "a token that is confined to lenders may not: a payload does not say whose it is"
        )
    return known


async def _own_page(request: Request) -> None:
    """Nobody is signed in or out by a page of somebody else's; a browser says whose page asks."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise HTTPException(403, "sign in and out on this server's own page")


async def _login(request: Request) -> Response:
    token = parse_qs((await request.body()).decode("ascii", "replace")).get("token", [""])[0]
    try:
        known = await _reader(request, token)
    except HTTPException as refusal:
        log.warning("sign-in to the codec refused", status=refusal.status_code)
        return _html("This token may not read what cases contain.", refusal.status_code)
    log.info("signed in to the codec", actor=known.actor)
    answer = HTMLResponse("Signed in. Back to the Temporal UI, which asks with this cookie.")
    parts: CodecParts = request.app.state.parts
    parts.sessions.end(request.cookies.get(_cookie(request), ""))
    name, value, secure = _cookie(request), parts.sessions.begin(token), request.url.scheme == "https"
    answer.set_cookie(name, value, max_age=LASTS, httponly=True, secure=secure, samesite=_site(request))
    return answer


async def _logout(request: Request) -> Response:
    parts: CodecParts = request.app.state.parts
    parts.sessions.end(request.cookies.get(_cookie(request), ""))
    answer = _html("Signed out.")
    secure = request.url.scheme == "https"
    answer.delete_cookie(_cookie(request), httponly=True, secure=secure, samesite=_site(request))
    return answer


def _site(request: Request) -> Any:
    """The UI is another site where both are on TLS; without it they are on one machine."""
    return "none" if request.url.scheme == "https" else "strict"


def _cookie(request: Request) -> str:
    """Its prefix is a browser's word that nobody but this host, over TLS, has set it."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


async def _current(request: Request) -> Caller:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    parts: CodecParts = request.app.state.parts
    session = request.cookies.get(_cookie(request), "")
    token = bearer if scheme.lower() == "bearer" else parts.sessions.token_of(session) or ""
    # A browser sends its cookie for whoever wrote the page: CORS keeps the answer from him, this the work.
    if "authorization" not in request.headers and request.headers.get("origin") != parts.origin:
        raise HTTPException(401, "a valid token is required", {"WWW-Authenticate": "Bearer"})
    return await _reader(request, token)


async def _decode(request: Request, who: Annotated[Caller, Depends(_current)]) -> JSONResponse:
    """Takes and gives `{"payloads": [...]}` as Temporal writes it; what cannot be opened is left as it is."""
    parts: CodecParts = request.app.state.parts
    if request.headers.get("x-namespace") != parts.namespace:
        raise HTTPException(403, "X-Namespace: not the namespace of this deployment")
    try:
        asked = ParseDict(await request.json(), Payloads())
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError):
        raise HTTPException(422, 'send {"payloads": [...]} as Temporal writes it') from None
    opened, closed = [], 0
    for payload in asked.payloads:
        found = parts.opened(payload)
        closed += found is None
        opened.append(payload if found is None else found)
    log.info("payloads decoded", actor=who.actor, payloads=len(opened) - closed, not_opened=closed)
    return JSONResponse(MessageToDict(Payloads(payloads=opened)))
