"""Examining the world outside, with the settings of the worker: mail, texts, vehicles, the legal desk."""

from __future__ import annotations

import httpx

from recourse.app.compose import mail_server, sms_centre
from recourse.app.findings import Finding
from recourse.app.settings import Settings
from recourse.ports import NotHandedOver

_NO_ADDRESS = ("no address", "set it, or `recourse stack up`")
_LINE = "start it, or set {0}_HOST, {0}_PORT and {0}_TLS as it wants them"


async def mail(settings: Settings) -> list[Finding]:
    """TLS and login included."""
    if not settings.smtp_host:
        return [Finding("SMTP", "finding", *_NO_ADDRESS)]
    try:
        await mail_server(settings).reach()
    except NotHandedOver as error:
        return [Finding("SMTP", "down", error.reason, _LINE.format("RECOURSE_SMTP"))]
    says = f"{settings.smtp_host}:{settings.smtp_port} answers"
    return [Finding("SMTP", "ok", f"{says}{_over(settings.smtp_encryption != 'none')}")]


async def texts(settings: Settings) -> list[Finding]:
    """TLS included; the login is tried by the worker alone."""
    if not settings.smpp_host:
        return [Finding("SMSC", "finding", *_NO_ADDRESS)]
    try:
        await sms_centre(settings).reach()
    except NotHandedOver as error:
        return [Finding("SMSC", "down", error.reason, _LINE.format("RECOURSE_SMPP"))]
    says = f"{settings.smpp_host}:{settings.smpp_port} answers"
    return [Finding("SMSC", "ok", f"{says}{_over(settings.smpp_tls)}")]


def _over(tls: bool) -> str:
    return " over TLS" if tls else ""


async def vehicles(settings: Settings) -> list[Finding]:
    return await _http("Traccar", settings.traccar_url)


async def legal_desk(settings: Settings) -> list[Finding]:
    return await _http("legal desk", settings.legal_desk_url)


async def _http(name: str, url: str) -> list[Finding]:
    if not url:
        return [Finding(name, "finding", *_NO_ADDRESS)]
    async with httpx.AsyncClient(timeout=5) as client:
        response = await client.get(url)
    return [Finding(name, "ok", f"answers ({response.status_code})")]
