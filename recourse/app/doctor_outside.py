"""Examining the world outside, with the settings of the worker: mail, texts, vehicles, the legal desk."""

from __future__ import annotations

import httpx

from recourse.app.compose import mail_server, services, sms_centre, vehicle_locator
from recourse.app.findings import Finding, found
from recourse.app.settings import Settings
from recourse.contracts.delivery import Unavailable
from recourse.gateways.traccar import Rights
from recourse.ports import NotHandedOver, RefusedByProvider
from recourse.storage.presence import LISTENING, present

_NO_ADDRESS = ("no address", "set it, or `recourse stack up`")
_NO_DEVICE = "recourse-doctor"
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


async def replies(settings: Settings) -> list[Finding]:
    """Whether a worker listens for receipts and for what people send back. Nothing where no centre is set, or
    the database is away: its own examination says so."""
    if not settings.smpp_host:
        return []
    try:
        async with services(settings) as running, running.database.reading() as tx:
            listening = await present(tx, LISTENING)
    except Unavailable:
        return []
    says = f"{listening} workers listen for receipts and for what people send back"
    remedy = "start `recourse worker`, or see its log: a STOP waits at the centre until somebody listens"
    return [found("SMS replies", says, remedy, bad=listening == 0)]


def _over(tls: bool) -> str:
    return " over TLS" if tls else ""


async def vehicles(settings: Settings) -> list[Finding]:
    """Whether it answers as Traccar does, and knows our token: by a device that there is none of."""
    if not settings.traccar_url:
        return [Finding("Traccar", "finding", *_NO_ADDRESS)]
    locator = vehicle_locator(settings)
    try:
        await locator.locate(_NO_DEVICE)
        rights = await locator.rights()
    except NotHandedOver as error:
        remedy = "start it, or set RECOURSE_TRACCAR_URL and RECOURSE_TRACCAR_TOKEN as it wants them"
        return [Finding("Traccar", "down", error.reason, remedy)]
    except RefusedByProvider as error:
        remedy = "mend RECOURSE_TRACCAR_URL: the server's address without /api"
        return [Finding("Traccar", "finding", f"it does not answer as Traccar does: {error.code}", remedy)]
    finally:
        await locator.close()
    return [
        Finding("Traccar", "ok", "answers, and knows our token"),
        *_too_much(rights),
        *_keys(settings),
    ]


def _too_much(rights: Rights) -> list[Finding]:
    """Whoever has our token could do what our user may: nobody shall stop an engine by way of a collection
    system."""
    found = []
    if rights.administrator:
        found.append("is an administrator")
    elif rights.can_command:
        found.append("may send commands to trackers")
    if rights.saved:
        found.append(f"has {rights.saved} saved commands linked, which he may always send")
    if rights.can_change and not rights.administrator:
        found.append("may change devices or users")
    remedy = "a user with readonly and limitCommands and no saved commands is enough; see docs/vehicle.md"
    return [Finding("Traccar user", "finding", f"our user {' and '.join(found)}", remedy)] if found else []


def _keys(settings: Settings) -> list[Finding]:
    if settings.positions_key.get_secret_value():
        return []
    remedy = "set RECOURSE_POSITIONS_KEY; see docs/vehicle.md"
    return [Finding("positions", "finding", "no key to keep them under, so none is read", remedy)]


async def legal_desk(settings: Settings) -> list[Finding]:
    """Only its `/handovers` is agreed, and nothing may be handed over for a trial: so it is only seen whether
    a server is there and well."""
    if not settings.legal_desk_url:
        return [Finding("legal desk", "finding", *_NO_ADDRESS)]
    async with httpx.AsyncClient(timeout=5) as client:
        status = (await client.get(settings.legal_desk_url)).status_code
    remedy = "ask the desk, or mend RECOURSE_LEGAL_DESK_URL"
    return [found("legal desk", f"answers ({status})", remedy, bad=status >= 500)]
