"""The application of the pages, beside the API's: `together` sends each request to the one it is for."""

from __future__ import annotations

from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from recourse.contracts.delivery import Unacceptable, Unavailable
from recourse.ports import RunsUnavailable
from recourse.web.headers import SafeHeaders
from recourse.web.limits import BodyLimit
from recourse.web.pages import account, assets, case, queue, sign_in
from recourse.web.pages.guard import OwnPagesOnly
from recourse.web.pages.rendering import page
from recourse.web.pages.session import Parts, SignInNeeded

log = structlog.get_logger(__name__)
ROUTERS = (sign_in.router, account.router, queue.router, case.router)


def build_pages(parts: Parts) -> FastAPI:
    pages = FastAPI(title="Recourse", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    pages.state.parts = parts
    pages.add_middleware(OwnPagesOnly)
    pages.add_middleware(BodyLimit)
    pages.add_middleware(SafeHeaders)  # the outermost: whatever refuses has them too
    for router in ROUTERS:
        pages.include_router(router)
    pages.get("/static/{path:path}")(assets.serve)
    pages.add_exception_handler(SignInNeeded, _sign_in_needed)
    pages.add_exception_handler(Unavailable, _down)
    pages.add_exception_handler(RunsUnavailable, _down)
    pages.add_exception_handler(AnyHTTPException, _refused)
    pages.add_exception_handler(RequestValidationError, _malformed)
    pages.add_exception_handler(Unacceptable, _malformed)
    return pages


def together(api: ASGIApp, pages: ASGIApp) -> ASGIApp:
    """One server for both. The API takes no cookie and the pages take no token."""

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        for_pages = scope["type"] == "http" and path != "/healthz" and not path.startswith("/api/")
        await (pages if for_pages else api)(scope, receive, send)

    return either


def is_part(request: Request) -> bool:
    """Whether htmx asks, which puts the answer into a page that stands already."""
    return request.headers.get("hx-request") == "true"


async def _sign_in_needed(request: Request, _: Exception) -> Response:
    """A form that was sent keeps what was typed: the answer stands beside it, and it is sent again after a
    sign-in in another window."""
    if request.method == "GET" and not is_part(request):
        return RedirectResponse(f"/sign-in?to={quote(request.url.path)}", 303)
    return _problem(request, 401, "signed_out")


async def _down(request: Request, error: Exception) -> Response:
    log.warning("a page could not be made", error=str(error))
    response = _problem(request, 503, "unavailable")
    response.headers["Retry-After"] = "5"
    return response


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, AnyHTTPException):
        raise error
    known = {403: "not_permitted", 404: "not_found", 405: "not_found", 429: "too_often"}
    code = "stale_form" if error.detail == "stale_form" else known.get(error.status_code, "malformed")
    response = _problem(request, error.status_code, code)
    response.headers.update(error.headers or {})
    return response


async def _malformed(request: Request, _: Exception) -> Response:
    return _problem(request, 422, "malformed")


def _problem(request: Request, status: int, code: str) -> Response:
    return page(request, "_problem.html" if is_part(request) else "problem.html", status=status, code=code)
