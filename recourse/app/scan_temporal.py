"""What a scan for traces of people sees at Temporal: every run of ours, as it is kept and as keys open it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.service import RPCError

from recourse.app.scan_report import TEMPORAL, Piece, Report
from recourse.ports import RunsUnavailable
from recourse.temporal.codec import KeyRing, SealedPayloads, Undecodable


async def histories(client: Client, ring: KeyRing, prefix: str, report: Report) -> AsyncIterator[Piece]:
    """Of each run on a queue that begins so: its ids, memo and search attributes, and every event of its
    history. Raises RunsUnavailable."""
    codec = SealedPayloads(ring)
    try:
        async for run in client.list_workflows(f"TaskQueue STARTS_WITH '{prefix}'"):
            where = f"{run.id} ({run.run_id})"
            yield _piece(run.raw_info, where, codec, report)
            history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
            for event in history.events:
                yield _piece(event, f"{where} event {event.event_id}", codec, report)
    except RPCError as error:
        raise RunsUnavailable(f"Temporal: {error.status.name}") from error


def _piece(message: Message, where: str, codec: SealedPayloads, report: Report) -> Piece:
    parts = [message.SerializeToString()]
    for payload in _payloads(message):
        try:
            opened = codec.opened(payload)
        except Undecodable:
            report.unopened += 1
        else:
            parts.append(opened.SerializeToString())
    return Piece(TEMPORAL, b"\n".join(parts), where)


def _payloads(message: Message) -> Iterator[Payload]:
    """Wherever they stand: inputs, results, memo, headers, search attributes, what failures keep."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in _each(value):
                yield from _payloads(one)


def _each(value: Any) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
        return
    items = value.values() if hasattr(value, "values") else value
    yield from (one for one in items if isinstance(one, Message))
