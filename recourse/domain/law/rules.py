"""The shape of a law pack. Values come from `recourse/packs/law/*.yaml`; each rule carries its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from recourse.domain.situation import Action, Channel, HoldReason, PartyRole


class Mark(StrEnum):
    """How sure the source is: text read, quoted by others, or general knowledge still to be checked."""

    PRIMARY = "primary"
    SECOND_HAND = "second_hand"
    GENERAL = "general_knowledge"


@dataclass(frozen=True, slots=True)
class Source:
    title: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class PermittedHours:
    """Contacts are permitted from `opens` (inclusive) to `closes` (exclusive), local time of the person."""

    channels: frozenset[Channel]
    opens: time
    closes: time
    source: Source


class Counts(StrEnum):
    ATTEMPT = "attempt"
    CONNECTED = "connected"


class Per(StrEnum):
    PERSON = "person"
    CONTACT_POINT = "contact_point"
    PERSON_AND_DEBT = "person_and_debt"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` in a window.

    window_days: None means the calendar day at the person's place; a number means that many consecutive
    days as a sliding window of 24 h each, exclusive at its far edge.
    """

    code: str
    channels: frozenset[Channel]
    counts: Counts
    per: Per
    limit: int
    window_days: int | None
    source: Source


@dataclass(frozen=True, slots=True)
class ConversationWait:
    """No new call for `days` days after a conversation about the debt; the day of it is day 1."""

    days: int
    source: Source


@dataclass(frozen=True, slots=True)
class ConsentRule:
    channels: frozenset[Channel]
    source: Source


@dataclass(frozen=True, slots=True)
class PartyRule:
    """The roles that may be contacted about the debt."""

    roles: frozenset[PartyRole]
    source: Source


@dataclass(frozen=True, slots=True)
class HoldRule:
    reason: HoldReason
    stops: frozenset[Action]
    source: Source


@dataclass(frozen=True, slots=True)
class LawPack:
    """One jurisdiction at one version. Several packs apply together; the strictest answer wins."""

    id: str
    version: str
    hours: tuple[PermittedHours, ...]
    caps: tuple[Cap, ...]
    conversation_wait: ConversationWait | None
    consent: tuple[ConsentRule, ...]
    parties: PartyRule
    holds: tuple[HoldRule, ...]
    locate_basis: Source
    handover: Source

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"
