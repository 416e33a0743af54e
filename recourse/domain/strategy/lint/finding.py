"""What the linter says, and what it has to know besides the ladder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Channel


class Level(StrEnum):
    ERROR = "error"
    """It cannot work, or cannot be lawful."""
    WARNING = "warning"
    """It can fail in cases that are to be expected."""


class Code(StrEnum):
    NO_LAW_PACK = "no_law_pack"
    PARTY_NOT_PERMITTED = "party_not_permitted"
    MAY_NOT_BE_TOLD = "may_not_be_told"
    NO_PERMITTED_HOUR = "no_permitted_hour"
    CAP_TOO_SMALL = "cap_too_small"
    CONVERSATION_WAIT = "conversation_wait"
    NOTICE_MISSING = "notice_missing"
    NOTICE_NOT_ENSURED = "notice_not_ensured"
    NOTICE_TOO_SHORT = "notice_too_short"
    NOTICE_TOO_EARLY = "notice_too_early"
    PASSAGE_MISSING = "passage_missing"
    NEVER_REACHED = "never_reached"
    MAY_COME_TOO_LATE = "may_come_too_late"
    TRY_AFTER_END = "try_after_end"
    SEGMENTS_EXCLUDE = "segments_exclude"
    CANNOT_FAIL = "cannot_fail"
    BEFORE_ITS_REQUIREMENT = "before_its_requirement"
    STAGE_OUT_OF_ORDER = "stage_out_of_order"
    APPROVAL_NOT_REQUIRED = "approval_not_required"
    NOBODY_SENDS = "nobody_sends"
    UNKNOWN_TEAM = "unknown_team"
    UNKNOWN_TASK = "unknown_task"
    WRONG_CHANNEL = "wrong_channel"
    UNKNOWN_OUTCOME = "unknown_outcome"


@dataclass(frozen=True, slots=True)
class Finding:
    """step: empty for the ladder as a whole. rule, pack, source: empty where no law is concerned."""

    code: Code
    step: str
    what: str
    remedy: str
    level: Level = Level.ERROR
    rule: str = ""
    pack: str = ""
    source: str = ""


def unlawful(
    code: Code, step: str, what: str, remedy: str, law: tuple[LawPack, Rule], level: Level = Level.ERROR
) -> Finding:
    """A finding with the rule it comes from. law: the pack and the rule in it."""
    pack, rule = law
    source = f"{rule.source.title} ({rule.source.mark})"
    return Finding(code, step, what, remedy, level, rule.code, pack.name, source)


@dataclass(frozen=True, slots=True)
class House:
    """What there is besides the ladder.

    teams: those that somebody answers for. outcomes: kind of task -> what can come of it. repeated: the
    outcomes after which a call or visit is tried again. contacts: kind of task -> how it contacts a person,
    through the gate. sent: channels that a message can leave by. passages: (template, channel) -> language ->
    the passages its text has.
    """

    teams: frozenset[str]
    outcomes: Mapping[str, tuple[str, ...]]
    repeated: frozenset[str]
    contacts: Mapping[str, Channel]
    sent: frozenset[Channel]
    passages: Callable[[str, str], Mapping[str, frozenset[str]]]
