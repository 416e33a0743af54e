"""An SMS centre speaking SMPP 3.4: takes parts, refuses, throttles, and sends delivery receipts.

What it does with a part is chosen by the end of the destination number:

| number ends in | behaviour                                                                             |
|----------------|---------------------------------------------------------------------------------------|
| 9901           | refused for ever: ESME_RINVDSTADR                                                     |
| 9902           | throttled: ESME_RTHROTTLED for the first two parts of that number, accepted afterwards|
| 9903           | accepted, receipt UNDELIV                                                             |
| 9904           | accepted, no receipt ever                                                             |
| 9905           | taken and logged, then the session is cut: the sender cannot know                     |
| 9906           | queue full for ever: ESME_RMSGQFUL                                                    |
| 9907           | throttled for ever                                                                    |
| 9908           | a fault of the centre: ESME_RSYSERR                                                   |
| 9910           | accepted, and the person sends the very text back                                     |
| anything else  | accepted, receipt DELIVRD                                                             |

A receipt (`deliver_sm`, esm_class 4, TLVs receipted_message_id and message_state) follows after
`--receipt-delay` seconds if the part asked for one (`registered_delivery` bit 0), over any bound session of
the same system id. A text that a person sends (`deliver_sm`, esm_class 0) goes the same way. Both are
delivered again every `--receipt-delay` seconds, 50 times at most, while the answer is ESME_RX_T_APPN; a text
also while nobody answers. A session that binds with another system id is unbound; the library does not show
the password, so it is not checked.

Log: `accepted` and `cut` {message_id, destination, source, data_coding, text, registered_delivery, sar {ref,
total, seqnum} or null}; `refused` {destination, command_status}; `receipt` {message_id, stat, delivered};
`inbound` {message_id, source, command_status or null where nobody answered};
`bound`, `unbound`. Parts are logged as they come, nothing is put together.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import smpp34
from smpp34 import _smpp34 as codes  # the package re-exports these at run time, its types do not

from recourse.stack.ends import gsm7
from recourse.stack.ends.log import EndLog
from recourse.stack.ends.serve import parser

REFUSED: Final = {
    "9901": codes.ESME_RINVDSTADR,
    "9906": codes.ESME_RMSGQFUL,
    "9907": codes.ESME_RTHROTTLED,
    "9908": codes.ESME_RSYSERR,
}
THROTTLED_AT_FIRST: Final = "9902"
THROTTLED_PARTS: Final = 2
UNDELIVERED, SILENT, CUT, ANSWERS = "9903", "9904", "9905", "9910"
MESSAGE_STATES: Final = {"DELIVRD": 2, "UNDELIV": 5}
CODECS: Final = {1: "ascii", 3: "latin-1", 8: "utf-16-be"}
GSM_ALPHABET: Final = 0
ESME_RINVBNDSTS: Final = 0x04  # the library has no name for it
RECEIPT: Final = 0x04
RECEIPT_ANSWER_SECONDS: Final = 2.0
UDH_PRESENT: Final = 0x40
TEMPORARY: Final = 0x64
"""ESME_RX_T_APPN."""
TRIES: Final = 50


class MessageCentre:
    """The behaviour behind the listening port."""

    def __init__(self, server: smpp34.Server, log: EndLog, system_id: str, receipt_delay: float) -> None:
        self._server = server
        self._log = log
        self._system_id = system_id
        self._receipt_delay = receipt_delay
        self._sessions: dict[str, smpp34.Esme] = {}
        self._parts_seen: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._run = uuid.uuid4().hex[
            :8
        ]  # message ids stay unique when the process is started again on the same log
        self._receipts: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Answers until cancelled."""
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                await self._bound(event)
            elif isinstance(event, smpp34.Unbound):
                self._sessions.pop(event.session_id, None)
                self._log.write("unbound", session=event.session_id)
            else:
                await self._part(event)

    async def _bound(self, session: smpp34.Esme) -> None:
        self._log.write("bound", session=session.session_id, system_id=session.system_id)
        if session.system_id == self._system_id:
            self._sessions[session.session_id] = session
        else:
            await session.unbind()

    async def _part(self, part: smpp34.SubmitSmEvent) -> None:
        suffix = part.destination_addr[-4:]
        self._parts_seen[part.destination_addr] += 1
        status = REFUSED.get(suffix)
        if suffix == THROTTLED_AT_FIRST and self._parts_seen[part.destination_addr] <= THROTTLED_PARTS:
            status = codes.ESME_RTHROTTLED
        if part.session_id not in self._sessions:
            status = ESME_RINVBNDSTS
        if status is not None:
            self._log.write("refused", destination=part.destination_addr, command_status=status)
            part.reject(status)
            return
        message_id = f"{self._run}-{next(self._numbers)}"
        described = {"message_id": message_id, **_described(part)}
        if suffix == CUT:
            self._log.write("cut", **described)
            await self._sessions.pop(part.session_id).unbind()
            return
        self._log.write("accepted", **described)
        part.accept(message_id)
        if part.registered_delivery & 1 and suffix != SILENT:
            stat = "UNDELIV" if suffix == UNDELIVERED else "DELIVRD"
            self._later(self._send_receipt(part, message_id, stat))
        if suffix == ANSWERS:
            self._later(self._send_back(part, message_id))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._receipts.add(task)
        task.add_done_callback(self._receipts.discard)

    def _receivers(self, submitter: str) -> list[smpp34.Esme]:
        """Who may get a receipt: the session that submitted the part, then the others, youngest first."""
        candidates = [s for s in reversed(self._sessions.values()) if s.can_receive]
        return sorted(candidates, key=lambda session: session.session_id != submitter)

    async def _send_receipt(self, part: smpp34.SubmitSmEvent, message_id: str, stat: str) -> None:
        status: int | None = TEMPORARY
        for _ in range(TRIES):
            await asyncio.sleep(self._receipt_delay)
            status = await self._offer(part, partial(_receipt, part, message_id, stat))
            if status != TEMPORARY:
                break
        self._log.write("receipt", message_id=message_id, stat=stat, delivered=status == codes.ESME_ROK)

    async def _send_back(self, part: smpp34.SubmitSmEvent, message_id: str) -> None:
        for _ in range(TRIES):
            await asyncio.sleep(self._receipt_delay)
            status = await self._offer(part, partial(_text_back, part))
            self._log.write(
                "inbound", message_id=message_id, source=part.destination_addr, command_status=status
            )
            if status not in {TEMPORARY, None}:
                return

    async def _offer(self, part: smpp34.SubmitSmEvent, delivery: Delivery) -> int | None:
        """What the first receiver that answers says; None when nobody does."""
        for session in self._receivers(part.session_id):
            try:
                return (await asyncio.wait_for(delivery(session), RECEIPT_ANSWER_SECONDS)).command_status
            except (smpp34.SmppError, TimeoutError):  # that session has ended; another may take it
                # The library does not tell of every end of a session.
                self._sessions.pop(session.session_id, None)
        return None


Delivery = Callable[[smpp34.Esme], Awaitable[smpp34.DeliverSmResp]]


def _text_back(part: smpp34.SubmitSmEvent, session: smpp34.Esme) -> Awaitable[smpp34.DeliverSmResp]:
    return session.deliver_sm(
        part.source_addr,
        part.short_message,
        source_addr=part.destination_addr,
        esm_class=part.esm_class & UDH_PRESENT,
        data_coding=part.data_coding,
        tlvs=part.tlvs,
    )


def _receipt(
    part: smpp34.SubmitSmEvent, message_id: str, stat: str, session: smpp34.Esme
) -> Awaitable[smpp34.DeliverSmResp]:
    tlvs = [
        smpp34.Tlv(codes.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
        smpp34.Tlv(codes.TLV_MESSAGE_STATE, bytes([MESSAGE_STATES[stat]])),
    ]
    text, sender = _receipt_text(message_id, stat), part.destination_addr
    return session.deliver_sm(part.source_addr, text, source_addr=sender, esm_class=RECEIPT, tlvs=tlvs)


def _described(part: smpp34.SubmitSmEvent) -> dict[str, Any]:
    return {
        "destination": part.destination_addr,
        "source": part.source_addr,
        "data_coding": part.data_coding,
        "text": _text(part),
        "registered_delivery": part.registered_delivery,
        "sar": _segmentation(part),
    }


def _text(part: smpp34.SubmitSmEvent) -> str:
    payload = next((t.value for t in part.tlvs if t.tag == codes.TLV_MESSAGE_PAYLOAD), part.short_message)
    if part.esm_class & UDH_PRESENT and payload:
        payload = payload[1 + payload[0] :]
    if part.data_coding == GSM_ALPHABET:
        return gsm7.decode(payload)
    return payload.decode(CODECS.get(part.data_coding, "latin-1"), errors="replace")


def _segmentation(part: smpp34.SubmitSmEvent) -> dict[str, int] | None:
    """The SAR TLVs, or the same three numbers from a concatenation header (UDH element 0)."""
    values = {tlv.tag: tlv.as_int() for tlv in part.tlvs}
    reference = values.get(codes.TLV_SAR_MSG_REF_NUM)
    total = values.get(codes.TLV_SAR_TOTAL_SEGMENTS)
    seqnum = values.get(codes.TLV_SAR_SEGMENT_SEQNUM)
    if reference is not None and total is not None and seqnum is not None:
        return {"ref": reference, "total": total, "seqnum": seqnum}
    header = part.short_message[:6]
    if part.esm_class & UDH_PRESENT and header[:3] == b"\x05\x00\x03":
        return {"ref": header[3], "total": header[4], "seqnum": header[5]}
    return None


def _receipt_text(message_id: str, stat: str) -> bytes:
    """The receipt's customary text (SMPP 3.4, appendix B)."""
    date = datetime.now(UTC).strftime("%y%m%d%H%M")
    delivered, error = ("001", "000") if stat == "DELIVRD" else ("000", "001")
    counts, dates = f"sub:001 dlvrd:{delivered}", f"submit date:{date} done date:{date}"
    text = f"id:{message_id} {counts} {dates} stat:{stat} err:{error} text:"
    return text.encode("ascii")


async def serve(host: str, port: int, log: EndLog, *, system_id: str, receipt_delay: float) -> None:
    """Listens until cancelled."""
    server = smpp34.Server(host, port, system_id="SMSC")
    await server.start()
    await MessageCentre(server, log, system_id, receipt_delay).run()


def main() -> None:
    options = parser("An SMS centre speaking SMPP 3.4.")
    options.add_argument("--system-id", default="recourse")
    options.add_argument("--receipt-delay", type=float, default=0.2, help="seconds")
    chosen = options.parse_args()
    log = EndLog(chosen.log)
    asyncio.run(
        serve(chosen.host, chosen.port, log, system_id=chosen.system_id, receipt_delay=chosen.receipt_delay)
    )


if __name__ == "__main__":
    main()
