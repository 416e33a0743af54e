"""What leaves the building, as Protocols owned by its users. Gateways implement them, one file a vendor.

Each call carries an idempotency key that is stable over retries. How a call ends decides what may follow:

* it returns: the other side has taken it;
* `NotHandedOver`: it certainly never left, so the same effect may be tried again (after the gate);
* `RefusedByProvider`: the other side said no for good, so a retry is pointless;
* `OutcomeUnknown`: the reply was lost, so it is never sent again blindly; a person finds out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from recourse.contracts.messages import Nudge, TaskAnswer, TaskReceipt


class NotHandedOver(Exception):
    """The provider certainly did not take it. retry_after: its own wish, where it told one."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RefusedByProvider(Exception):
    """The provider refuses it for good. code: the provider's own code; never an address or a text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutcomeUnknown(Exception):
    """The provider may or may not have taken it: the reply was lost. Never send it again blindly."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A letter as it is sent: a PDF. id: the number printed on it. sha256: of the bytes, in hex."""

    id: str
    content: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address. Kept out of logs and payloads: it lives between row and wire only. paper:
    the letter that goes along, or that is all of the message."""

    key: str
    to: str = field(repr=False)
    subject: str | None = field(repr=False)
    body: str = field(repr=False)
    language: str
    paper: Paper | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """provider_refs: one reference a part, as receipts name them. parts: how many the provider bills."""

    provider_refs: tuple[str, ...]
    parts: int = 1


class Messenger(Protocol):
    """E-mail, SMS, or whoever prints and posts."""

    async def send(self, message: Message) -> Accepted:
        """Raises NotHandedOver or RefusedByProvider; any other error means the outcome is unknown."""
        ...


class LetterPress(Protocol):
    async def press(self, letter: bytes) -> bytes:
        """The PDF of a letter (canonical JSON, as `recourse.packs.letters` writes it). Nothing leaves by it.

        Raises LetterError for what cannot be printed, and NotHandedOver while it cannot print, or sign.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fix:
    """A position of the vehicle. WGS-84 degrees; speed in m/s; accuracy in metres or None when not told.

    fix_time: when the satellites were seen, the only time an age may be computed from.
    carried_over: the tracker repeated an older position, so this is no evidence of presence.
    """

    latitude: float
    longitude: float
    fix_time: datetime
    received_time: datetime
    speed_mps: float | None
    accuracy_m: float | None
    valid: bool
    carried_over: bool
    source_datum: str
    source: str
    raw_sha256: str

    def age(self, now: datetime) -> timedelta:
        """Negative for a fix that claims to be of the future."""
        return now - self.fix_time


class PositionFeed(Protocol):
    """How a tracking server's records of a feed are read. Who they are about is read first, and of others
    nothing more."""

    def device_of(self, value: bytes | None) -> str:
        """Raises `recourse.contracts.events.Refused` for what cannot be read."""
        ...

    def fix_of(self, value: bytes) -> Fix:
        """Raises `recourse.contracts.events.Refused`."""
        ...


class VehicleLocator(Protocol):
    async def locate(self, device_id: str) -> Fix | None:
        """The last fix, or None when the device is unknown or never had one.

        Raises NotHandedOver when the provider is down or does not let us in (a read may always be repeated)
        and RefusedByProvider when its answer is a no, or none that can be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Handover:
    """The dossier as the legal desk gets it. document: the six parts as canonical JSON bytes."""

    key: str
    document: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class Recall:
    """A file that is asked back. handover: the key it was given under. reference: the desk's, None where its
    answer was lost. reason: why, as a code."""

    key: str
    handover: str
    reference: str | None
    reason: str


class RecallAnswer(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    """The desk has stopped."""
    PENDING = "pending"
    """It will say so later, by a status `recalled` or `recall_refused`, or when it is asked again."""
    UNKNOWN = "unknown"
    """It has no such file."""
    TOO_LATE = "too_late"
    """What was begun cannot be taken back."""


class LegalDesk(Protocol):
    async def hand_over(self, handover: Handover) -> str:
        """The desk's reference. Safe to repeat with the same key: the desk answers with the same reference.

        Raises NotHandedOver while the desk is down or does not let us in, RefusedByProvider when it refuses
        the file, and OutcomeUnknown when its answer was lost: then the same key asks what became of it.
        """
        ...

    async def recall(self, recall: Recall) -> RecallAnswer:
        """Safe to repeat with the same key, which is also how one asks what has become of it.

        Raises as `hand_over` does.
        """
        ...


@dataclass(frozen=True, slots=True)
class CaseClosed:
    """The run of this case has completed: there is nobody left to nudge, and nothing left to do."""


class CaseRuns(Protocol):
    """The durable runs of the cases. Implemented on Temporal."""

    async def nudge(self, nudge: Nudge) -> CaseClosed | None:
        """Start the case's run if there is none and tell it which facts are waiting. Harmless to repeat.

        Raises RunsUnavailable when the engine cannot be reached.
        """
        ...

    async def running(self, case_ids: Sequence[str]) -> frozenset[str]:
        """Those of the given cases that have an open run."""
        ...


class AnswersTasks(Protocol):
    """What answers a person's task while its case runs. Implemented on Temporal."""

    async def answer_task(self, case_id: str, answer: TaskAnswer) -> TaskReceipt:
        """Raises RunsUnavailable when the engine cannot be reached or nobody answers in time."""
        ...


class RunsUnavailable(Exception):
    """The workflow engine cannot be reached. Facts are kept; the sweeper delivers them later."""


class Anchor(Protocol):
    """A place outside that keeps signed checkpoints, so that the database alone cannot rewrite the past."""

    @property
    def place(self) -> str:
        """Its name, as it is kept with what was left there."""

    @property
    def every(self) -> timedelta:
        """How long it rests after a checkpoint; zero: it gets the newest one each time."""

    async def leave(self, note: str, since: Callable[[int], Awaitable[Sequence[bytes]]]) -> bytes:
        """The receipt. since: the proof that the tree only grew since it had so many leaves. Repeating is
        safe. Raises NotHandedOver, or RefusedByProvider where the place knows another tree."""


class StampFolder(Anchor, Protocol):
    """A place that keeps time stamps beside the checkpoints they are over."""

    async def leave_stamp(self, note: str, response: bytes) -> bytes:
        """The receipt. Raises as `leave` does."""
