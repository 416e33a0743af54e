"""`recourse web`: the HTTP API, and the pages for people."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
import uvicorn
from starlette.types import ASGIApp

from recourse.app.compose import Core, core, vehicle_desk
from recourse.app.settings import Settings, SettingsError
from recourse.app.stopping import stop_signal
from recourse.service.signing_in import Lasting
from recourse.web.api import build_api
from recourse.web.pages.app import build_pages, together
from recourse.web.pages.session import Parts
from recourse.web.rate import Door, Rate

log = structlog.get_logger(__name__)
MOST_CONNECTIONS = 500
"""At once. Each may hold twice a body of the longest kind: the server's buffer and the body itself."""


async def run_web(settings: Settings, stopping: asyncio.Event | None = None) -> None:
    stopping = stopping or stop_signal()
    async with core(settings) as parts, AsyncExitStack() as closing:
        desk = None
        if _locates(settings):
            desk = await closing.enter_async_context(vehicle_desk(settings, parts.services))
        door = Door(Rate(settings.api_requests_a_minute), Rate(settings.api_strangers_a_minute))
        across = settings.break_glass_across_lenders
        api = build_api(
            parts.delivery, parts.runs, desk, door=door, across_lenders=across, docs=settings.api_docs
        )
        where = Place("RECOURSE_API", settings.api_host, settings.api_port, tls_of(settings))
        await served(together(api, build_pages(_parts(settings, parts))), where, stopping)


def _parts(settings: Settings, core: Core) -> Parts:
    """Of the pages. Sign-ins are counted as strangers are; a session that is over is no guess."""
    lasting = Lasting(
        timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    )
    strangers = settings.api_strangers_a_minute
    door = Door(Rate(settings.api_requests_a_minute), Rate(20 * strangers))
    return Parts(core.delivery, core.runs, lasting, door, attempts=Rate(strangers))


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen. setting: the first part of the names of the two settings that say so. tls: None for
    plain HTTP."""

    setting: str
    host: str
    port: int
    tls: ssl.SSLContext | None = None


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """Raises SettingsError."""
    try:
        return settings.serving_tls()
    except ValueError as error:
        raise SettingsError(str(error)) from None


async def served(application: ASGIApp, where: Place, stopping: asyncio.Event) -> None:
    """Until asked to stop. Raises SettingsError for a place that cannot be listened on."""
    listening = _listening(where)
    server = server_of(application, where.tls)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    log.info("listening", what=where.setting, host=where.host, port=where.port, tls=where.tls is not None)
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stop.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def _locates(settings: Settings) -> bool:
    """An API without a vehicle desk is one too."""
    return bool(settings.traccar_url and settings.positions_key.get_secret_value())


def server_of(application: ASGIApp, tls: ssl.SSLContext | None = None) -> uvicorn.Server:
    """Without a bound the connections alone could take all the memory; one too many is told 503."""
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        limit_concurrency=MOST_CONNECTIONS,
        ssl_context_factory=None if tls is None else lambda config, default: tls,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server


def _listening(where: Place) -> socket.socket:
    """Taken before the server starts: uvicorn itself would end the process in the middle of its task."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        return socket.create_server((where.host, where.port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        remedy = f"set {where.setting}_HOST and {where.setting}_PORT to one that is free"
        raise SettingsError(f"{where.host}:{where.port} cannot be listened on, {reason}; {remedy}") from None
