"""The long-lived SMPP session: receipts that come later, a centre that goes away and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.ids import LoanId
from recourse.domain.situation import Channel
from recourse.gateways.smpp import SmppMessenger
from recourse.gateways.smpp_listening import Inbound, Receipt, ReceiptState, SmppListener, Take
from recourse.ports import Accepted, Messenger, NotHandedOver, OutcomeUnknown
from recourse.service import noting
from recourse.stack import StackAddresses
from recourse.storage.dossier import dossier_document
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.gateways.conftest import centre, closed_port, entries, eventually, message, number
from tests.integration.service.conftest import open_case


class Inbox:
    """Keeps receipts; the first `failures` calls fail, as a database that is away would make them."""

    def __init__(self, failures: int = 0) -> None:
        self.receipts: dict[str, ReceiptState] = {}
        self.calls, self.failures = 0, failures

    async def __call__(self, receipt: Receipt | Inbound) -> None:
        assert isinstance(receipt, Receipt)
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError("the database is away")
        self.receipts[receipt.provider_ref] = receipt.state

    async def heard(self, accepted: Accepted) -> None:
        await eventually("a receipt", lambda: set(accepted.provider_refs) <= self.receipts.keys())


@asynccontextmanager
async def listening(
    host: str, port: int, system_id: str, password: str, take: Take, *, cafile: str = ""
) -> AsyncIterator[None]:
    """Somebody hears what the centre delivers, from the first moment on. cafile: over TLS."""
    listener = SmppListener(
        host, port, system_id, password, take, tls=bool(cafile), cafile=cafile, timeout=5, again=0.05
    )
    running = asyncio.create_task(listener.run())
    try:
        await asyncio.wait_for(listener.bound.wait(), 10)
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def session(stack: StackAddresses, inbox: Take) -> AsyncIterator[SmppMessenger]:
    where = (stack.smpp_host, stack.smpp_port, stack.smpp_system_id, stack.smpp_password)
    messenger = SmppMessenger(*where)
    try:
        async with listening(*where, inbox):
            yield messenger
    finally:
        await messenger.close()


async def test_every_part_gets_its_own_receipt(stack: StackAddresses) -> None:
    inbox = Inbox()
    async with session(stack, inbox) as messenger:
        accepted = await messenger.send(message(number(), "款" * 71))
        await inbox.heard(accepted)
    assert [inbox.receipts[ref] for ref in accepted.provider_refs] == [ReceiptState.DELIVERED] * 2


async def test_a_text_that_could_not_be_delivered_is_told_as_such(stack: StackAddresses) -> None:
    inbox = Inbox()
    async with session(stack, inbox) as messenger:
        accepted = await messenger.send(message(number("9903"), "hello"))
        await inbox.heard(accepted)
    assert inbox.receipts[accepted.provider_refs[0]] is ReceiptState.UNDELIVERABLE


async def test_silence_is_no_receipt(stack: StackAddresses) -> None:
    inbox = Inbox()
    async with session(stack, inbox) as messenger:
        silent = await messenger.send(message(number("9904"), "hello"))
        later = await messenger.send(message(number(), "hello"))
        await inbox.heard(later)  # receipts take equally long, so the earlier one would be here
    assert silent.provider_refs[0] not in inbox.receipts


async def test_a_receipt_that_could_not_be_written_comes_again(stack: StackAddresses) -> None:
    inbox = Inbox(failures=2)
    async with session(stack, inbox) as messenger:
        await inbox.heard(await messenger.send(message(number(), "hello")))
    assert inbox.calls == 3


async def test_a_receipt_reaches_the_contact_it_belongs_to(world: World, stack: StackAddresses) -> None:
    mobile, refs = number("9903"), asyncio.Queue[str]()

    async def record(receipt: Receipt | Inbound) -> None:
        assert isinstance(receipt, Receipt)
        fact = partial(noting.note_receipt, provider_ref=receipt.provider_ref, state=receipt.state.value)
        await world.services.run(fact)
        refs.put_nowait(receipt.provider_ref)

    case = await open_case(world, mobile=mobile)
    plan = await case.reach("sms_friendly")
    async with session(stack, record) as messenger:
        channels: dict[Channel, Messenger] = {Channel.SMS: messenger, Channel.EMAIL: FakeMessenger()}
        command = StepCommand(case.id, "sms_friendly", plan.number)
        result = await RemindingActivities(world.services, channels).send_reminder(command)
        attempt = (await world.rows("SELECT id, provider_refs, parts FROM contact_attempt"))[0]
        heard = {await asyncio.wait_for(refs.get(), 10) for _ in attempt["provider_refs"]}
    assert (result.outcome, heard) == ("done", set(attempt["provider_refs"]))
    assert attempt["parts"] == len(attempt["provider_refs"])
    async with world.services.database.reading() as tx:
        [contact] = (await dossier_document(tx, LoanId("L-1")))["contacts"]["attempts"]
    told = {(receipt["provider_ref"], receipt["state"]) for receipt in contact["receipts"]}
    assert (contact["id"], told) == (attempt["id"], {(ref, "undeliverable") for ref in heard})


async def test_after_a_restart_of_the_centre_the_session_is_bound_again_and_receipts_come(
    tmp_path: Path,
) -> None:
    port, log, inbox = closed_port(), tmp_path / "smsc.ndjson", Inbox()
    messenger = SmppMessenger("127.0.0.1", port, "recourse", "secret", timeout=5)
    async with AsyncExitStack() as heard:
        async with centre(port, log):
            await heard.enter_async_context(listening("127.0.0.1", port, "recourse", "secret", inbox))
            await inbox.heard(await messenger.send(message(number(), "before")))
        # The end of the line may not have been noticed yet; then the text went into it, and nobody knows.
        with pytest.raises((NotHandedOver, OutcomeUnknown)):
            await messenger.send(message(number(), "while it is away"))
        async with centre(port, log):
            await eventually("the second bind", lambda: len(entries(str(log), "bound")) >= 3)
            await inbox.heard(await messenger.send(message(number(), "after")))
            await messenger.close()
    assert [entry["text"] for entry in entries(str(log), "accepted")] == ["before", "after"]


async def test_of_many_texts_on_a_cut_session_none_is_taken_twice_or_wrongly_told(
    stack: StackAddresses,
) -> None:
    inbox = Inbox()
    async with session(stack, inbox) as messenger:
        texts = [message(number("9905" if n % 5 == 0 else "0000"), "hello") for n in range(25)]
        results = await asyncio.gather(*map(messenger.send, texts), return_exceptions=True)
        told = (Accepted, OutcomeUnknown, NotHandedOver)
        assert [result for result in results if not isinstance(result, told)] == []
        assert isinstance(await messenger.send(message(number(), "hello")), Accepted)
        log = stack.end_logs["smsc"]
        for text, result in zip(texts, results, strict=True):
            taken = entries(log, "accepted", "cut", destination=text.to.removeprefix("+"))
            assert len(taken) <= 1
            if not isinstance(result, OutcomeUnknown):
                assert len(taken) == isinstance(result, Accepted)


class Line:
    """A line to the centre that can go dead: connections made before stay open and carry nothing more."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._generation = 0
        self.swallowed = 0

    def goes_dead(self) -> None:
        self._generation += 1

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        born = self._generation
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while data := await source.read(4096):
                    if born != self._generation:
                        self.swallowed += 1
                        continue
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def test_a_text_that_times_out_on_a_dead_session_leaves_the_new_session_alone(
    stack: StackAddresses, tmp_path: Path
) -> None:
    port, log = closed_port(), tmp_path / "smsc.ndjson"
    line = Line("127.0.0.1", port)
    async with centre(port, log), await asyncio.start_server(line.carry, "127.0.0.1", 0) as server:
        through = server.sockets[0].getsockname()[1]
        messenger = SmppMessenger("127.0.0.1", through, "recourse", "secret", timeout=2)
        await messenger.send(message(number("9904"), "bound"))
        line.goes_dead()
        first = asyncio.create_task(messenger.send(message(number(), "lost")))
        await eventually("the first text", lambda: line.swallowed == 1)
        await asyncio.sleep(0.5)  # so that the two time out one after the other
        second = asyncio.create_task(messenger.send(message(number(), "lost as well")))
        await eventually("the goodbye of the dead session", lambda: line.swallowed >= 3)
        await messenger.send(message(number("9904"), "on a new session"))
        for lost in (first, second):
            with pytest.raises(OutcomeUnknown):
                await lost
        await messenger.send(message(number("9904"), "still on it"))
        assert len(entries(str(log), "bound")) == 2
        await messenger.close()
