"""Wiring: from settings to the objects a process is made of. Nothing else in Recourse builds them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from temporalio.client import Client

from activities.deciding import DecidingActivities
from activities.handing_over import HandingOverActivities
from activities.locating import LocatingActivities
from activities.recalling import Recalls
from activities.reminding import RemindingActivities
from activities.sweeping import SweepingActivities
from recourse.app import privacy
from recourse.app.settings import PackSettings, Settings, SettingsError
from recourse.delivery import Delivery
from recourse.domain.law.rule import Collector
from recourse.domain.situation import Channel
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.gateways.letter_press import TypstPress
from recourse.gateways.pades import Seal, SignedPress
from recourse.gateways.position_cipher import AesPositionCipher
from recourse.gateways.print_tray import PrintTray
from recourse.gateways.smpp import SmppMessenger
from recourse.gateways.smpp_listening import Inbound, Receipt, SmppListener
from recourse.gateways.smtp import SmtpMessenger
from recourse.gateways.traccar import TraccarLocator
from recourse.packs.loader import PackBook, load_packs, with_experiments, with_house_rules, with_strategies
from recourse.packs.retention import retention_rules
from recourse.packs.strict import PackError
from recourse.ports import CaseRuns, LetterPress, Messenger
from recourse.service import noting, replying
from recourse.service.context import Lender, Services
from recourse.service.retaining import Retention
from recourse.service.vehicle_desk import VehicleDesk
from recourse.storage.database import Database
from recourse.storage.sight import EVERY_LENDERS, LEDGERS, Sight
from recourse.temporal.case_runs import TemporalCaseRuns
from recourse.temporal.client import connect
from recourse.temporal.codec import KeyRing
from recourse.temporal.worker import ActivitySet

log = structlog.get_logger(__name__)


@asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
    """Use cases on one connection pool, over the loans of every lender."""
    async with _on(settings, settings.database_url, EVERY_LENDERS) as running:
        yield running


@asynccontextmanager
async def ledger_services(settings: Settings) -> AsyncIterator[Services]:
    """Use cases of the sealer, with its own login and rights."""
    url = settings.evidence_database_url or settings.database_url
    async with _on(settings, url, LEDGERS) as running:
        yield running


@asynccontextmanager
async def _on(settings: Settings, url: str, sight: Sight) -> AsyncIterator[Services]:
    calendar = settings.calendar.calendar()
    database = Database(
        url, calendar, sight=sight, pool_size=settings.database_pool, vault=privacy.vault(settings)
    )
    try:
        yield Services(database, packs(settings), lenders(settings))
    finally:
        await database.close()


def packs(settings: PackSettings) -> PackBook:
    """Raises SettingsError for what is one's own and cannot be used: no process may run without it."""
    own = {
        "strategies": (settings.strategies, with_strategies),
        "experiments": (settings.experiments, with_experiments),
        "house_rules": (settings.house_rules, with_house_rules),
    }
    book = load_packs()
    for name, (path, added) in own.items():
        try:
            book = added(book, Path(path)) if path else book
        except PackError as error:
            raise SettingsError(f"RECOURSE_{name.upper()}: {error}") from error
    return book


def lenders(settings: Settings) -> Mapping[str, Lender]:
    return {
        source: Lender(
            one.name,
            one.region,
            one.currency,
            one.zone,
            one.phone,
            Collector(one.collector),
            one.product,
            one.address,
            one.counsel,
            one.counsel_address,
        )
        for source, one in settings.lenders.items()
    }


def retention(book: PackBook, lenders: Mapping[str, Lender]) -> Retention:
    return Retention(book, lenders, retention_rules())


def case_runs(settings: Settings, client: Client) -> TemporalCaseRuns:
    return TemporalCaseRuns(client, settings.calendar.data(), settings.queue_prefix)


async def temporal(settings: Settings, *, lazy: bool = False) -> Client:
    """Every client there is. Raises SettingsError without a key, RunsUnavailable when nobody answers."""
    return await connect(key_ring(settings), lazy=lazy)


def key_ring(settings: Settings) -> KeyRing:
    try:
        return settings.key_ring()
    except ValueError as error:
        raise SettingsError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Core:
    """What most processes need: use cases, the cases' runs, and the delivery between them."""

    services: Services
    client: Client
    runs: TemporalCaseRuns
    delivery: Delivery


@asynccontextmanager
async def core(settings: Settings, *, lazy: bool = True) -> AsyncIterator[Core]:
    """lazy: connect to Temporal at the first call, so that facts are taken while it is down. Raises
    SettingsError, also for keys of personal data that are missing."""
    privacy.required(settings)
    async with services(settings) as running:
        client = await temporal(settings, lazy=lazy)
        runs = case_runs(settings, client)
        yield Core(running, client, runs, Delivery(running, runs))


@asynccontextmanager
async def activities(settings: Settings, running: Services, runs: CaseRuns) -> AsyncIterator[ActivitySet]:
    """The live activities with their gateways. Raises SettingsError for an address that is missing."""
    async with AsyncExitStack() as closing:
        messengers = _messengers(settings, closing)
        deciding = DecidingActivities(running)
        reminding = RemindingActivities(running, messengers, press=letter_press(settings))
        locator = vehicle_locator(settings)
        desk = HttpLegalDesk(
            _required("legal_desk_url", settings.legal_desk_url), settings.legal_desk_token.get_secret_value()
        )
        heard_within = timedelta(seconds=settings.positions_heard_within_seconds)
        locating = LocatingActivities(running, locator, position_cipher(settings), heard_within=heard_within)
        closing.push_async_callback(locator.close)
        closing.push_async_callback(desk.close)
        sweeping = SweepingActivities(Delivery(running, runs), Recalls(running, desk))
        yield ActivitySet(
            cases=[
                deciding.decide,
                deciding.open_task,
                deciding.answer_task,
                deciding.give_up,
                sweeping.sweep,
            ],
            messages=[reminding.send_reminder],
            vehicles=[locating.locate],
            legal=[HandingOverActivities(running, desk).hand_over],
        )


def sms_listener(settings: Settings, delivery: Delivery) -> SmppListener:
    """Takes receipts and the texts that people send back. Raises SettingsError for a missing address."""

    async def take(said: Receipt | Inbound) -> None:
        if isinstance(said, Receipt):
            receipt = partial(noting.note_receipt, provider_ref=said.provider_ref, state=said.state.value)
            await delivery.services.run(receipt)
            return
        reply = replying.Reply(said.number, said.text, said.reference)
        taken, _ = await delivery.note(partial(replying.take_reply, reply=reply))
        log.info("a text came in", taken=taken.value)

    return SmppListener(
        _required("smpp_host", settings.smpp_host),
        settings.smpp_port,
        settings.smpp_system_id,
        settings.smpp_password.get_secret_value(),
        take,
        tls=settings.smpp_tls,
        cafile=settings.smpp_cafile,
    )


def _messengers(settings: Settings, closing: AsyncExitStack) -> Mapping[Channel, Messenger]:
    smpp = sms_centre(settings)
    closing.push_async_callback(smpp.close)
    tray = PrintTray(settings.letters_folder)
    return {Channel.EMAIL: mail_server(settings), Channel.SMS: smpp, Channel.LETTER: tray}


def letter_press(settings: Settings) -> LetterPress:
    """It signs where a certificate is set. Raises SettingsError for one that cannot be used."""
    seal = document_seal(settings)
    return TypstPress() if seal is None else SignedPress(TypstPress(), seal)


def document_seal(settings: Settings) -> Seal | None:
    """Who signs letters and bundles; None where nobody is set. Raises SettingsError."""
    if not settings.letters_certificate_file:
        return None
    try:
        return Seal.read(
            Path(settings.letters_certificate_file),
            Path(settings.letters_key_file),
            settings.letters_key_passphrase.get_secret_value(),
            timestamp_url=settings.letters_timestamp_url,
        )
    except ValueError as error:
        raise SettingsError(
            f"RECOURSE_LETTERS_CERTIFICATE_FILE, RECOURSE_LETTERS_KEY_FILE: {error}"
        ) from None


def sms_centre(settings: Settings) -> SmppMessenger:
    return SmppMessenger(
        _required("smpp_host", settings.smpp_host),
        settings.smpp_port,
        settings.smpp_system_id,
        settings.smpp_password.get_secret_value(),
        source=settings.smpp_source,
        tls=settings.smpp_tls,
        cafile=settings.smpp_cafile,
    )


def mail_server(settings: Settings) -> SmtpMessenger:
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return SmtpMessenger(
        _required("smtp_host", settings.smtp_host),
        settings.smtp_port,
        settings.smtp_sender,
        username=settings.smtp_username or None,
        password=password,
        tls=settings.smtp_encryption,
        cafile=settings.smtp_cafile,
    )


def vehicle_locator(settings: Settings) -> TraccarLocator:
    return TraccarLocator(
        _required("traccar_url", settings.traccar_url), settings.traccar_token.get_secret_value()
    )


def position_cipher(settings: Settings) -> AesPositionCipher:
    return AesPositionCipher.parse(_required("positions_key", settings.positions_key.get_secret_value()))


@asynccontextmanager
async def vehicle_desk(settings: Settings, running: Services) -> AsyncIterator[VehicleDesk]:
    """Raises SettingsError where positions cannot be read, or kept."""
    cipher, locator = position_cipher(settings), vehicle_locator(settings)
    try:
        heard_within = timedelta(seconds=settings.positions_heard_within_seconds)
        yield VehicleDesk(running, locator, cipher, heard_within)
    finally:
        await locator.close()


def _required(name: str, value: str) -> str:
    if not value:
        raise SettingsError(
            f"RECOURSE_{name.upper()}: missing; set it, or start the embedded ends with `recourse stack up`"
        )
    return value
