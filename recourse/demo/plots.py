"""What happens to whom in the demo, and how it must end. Data only; days count from each loan's own day 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LAST_DAY: Final = 88
"""No demo lasts longer; whoever is not at his end by then fails."""


class Disorder(StrEnum):
    """How the bank's topics treat a loan's events."""

    DOUBLED = "doubled"
    """Every record twice."""
    SWAPPED = "swapped"
    """The payment's record comes before the overdue record that preceded it in the bank."""
    LATE = "late"
    """An old overdue record comes again at the end, after everything newer."""
    NO_SNAPSHOT = "no_snapshot"
    """Master data never arrive."""
    SNAPSHOT_LATE = "snapshot_late"
    """Master data arrive three days after the overdue event."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How the dossier must read at the end. None and empty: not asked.

    closed: reasons of closing by episode, oldest first; "" for an open one. stage: of the last case, where it
    stays open. positions: qualities read. refused: codes that must stand among the refusals.
    """

    closed: tuple[str, ...] = ("",)
    stage: str | None = None
    promise: str | None = None
    hold: str | None = None
    handed_over: bool = False
    located: bool | None = None
    silent: bool = False
    refused: str | None = None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """dpd: days past due on day 0. pays: day of the payment that cures. bounces: day its reversal comes.

    answers: task step -> what the agent says; a step that is not named is answered as agents usually do.
    promises_in: days from a call to the day promised there. keeps_promise: paid the day before it. tracker:
    ending of the device's id (see `recourse.stack.ends.fleet`), None for a car without one. quiet_after: day
    from which the bank, which knows of the judgment, sends nothing more.
    """

    name: str
    dpd: int
    expected: Expected
    pays: int | None = None
    bounces: int | None = None
    pays_again: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    promises_in: int = 4
    keeps_promise: bool = False
    tracker: str | None = ""
    consent: bool = True
    bad_email: bool = False
    ended_by_bank: tuple[int, str] | None = None
    quiet_after: int = 62
    disorder: Disorder | None = None


def _at_any_call(says: str) -> Mapping[str, str]:
    """Also where the machine is so slow that nobody called in time before."""
    return dict.fromkeys(("call_first", "screening", "call_lead"), says)


CURED = Expected(closed=("cured",))
LEGAL = Expected(closed=("legal_concluded",), handed_over=True)

PLOTS: Mapping[str, Plot] = {
    plot.name: plot
    for plot in (
        Plot("cured_by_payment", 1, CURED, pays=7),
        Plot(
            "promise_kept",
            3,
            Expected(closed=("cured",), promise="kept"),
            answers=_at_any_call("promise"),
            keeps_promise=True,
            quiet_after=27,
        ),
        Plot(
            "promise_broken",
            3,
            Expected(closed=("cured",), promise="broken", steps=("call_lead",)),
            pays=45,
            answers=_at_any_call("promise"),
            promises_in=2,
        ),
        Plot(
            "hardship_hold",
            9,
            Expected(closed=("cured",), hold="hardship"),
            pays=45,
            answers={"screening": "hardship", "call_lead": "hardship"},
        ),
        Plot(
            "dispute_answered",
            3,
            Expected(closed=("cured",), hold="dispute"),
            pays=26,
            answers=_at_any_call("disputes"),
        ),
        Plot("located", 12, Expected(closed=("cured",), located=True), pays=24),
        Plot(
            "tracker_silent",
            12,
            Expected(closed=("cured",), located=False, steps=("locate_by_hand",)),
            pays=28,
            tracker="-STALE",
        ),
        Plot(
            "tracker_without_consent",
            12,
            Expected(closed=("cured",), refused="no_lawful_basis", steps=("locate_by_hand",)),
            pays=28,
            tracker=None,
        ),
        Plot("whole_road", 1, LEGAL),
        Plot("handed_to_legal", 44, LEGAL, quiet_after=25),
        Plot(
            "notice_by_sms",
            44,
            Expected(closed=("legal_concluded",), handed_over=True),
            bad_email=True,
            quiet_after=25,
        ),
        Plot(
            "legal_rejected",
            46,
            Expected(closed=("",), stage="legal", steps=("approve_legal",)),
            answers={"approve_legal": "reject"},
        ),
        Plot(
            "reversed_payment",
            4,
            Expected(closed=("cured", "cured")),
            pays=6,
            bounces=10,
            pays_again=22,
        ),
        Plot("ceased", 4, Expected(refused="ceased"), answers=_at_any_call("no_contact")),
        Plot("deceased", 4, Expected(hold="death"), answers=_at_any_call("deceased")),
        Plot("no_consent", 1, Expected(closed=("cured",), refused="no_consent"), pays=12, consent=False),
        Plot("no_snapshot", 2, Expected(stage="reminder", silent=True), disorder=Disorder.NO_SNAPSHOT),
        Plot("snapshot_late", 2, CURED, pays=12, disorder=Disorder.SNAPSHOT_LATE),
        Plot("doubled", 1, CURED, pays=8, disorder=Disorder.DOUBLED),
        Plot("swapped", 1, CURED, pays=5, disorder=Disorder.SWAPPED),
        Plot("late_record", 1, CURED, pays=6, disorder=Disorder.LATE),
        Plot("settled_by_bank", 20, Expected(closed=("settled",)), ended_by_bank=(15, "settled")),
    )
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Which person, by number, lives through which plot, where. co: others, by role. phone_of: whose
    phone number the person also uses."""

    plot: str
    region: str
    person: int
    co: tuple[tuple[str, int], ...] = ()
    phone_of: int | None = None


CAST: tuple[Cast, ...] = (
    Cast("cured_by_payment", "CN", 1),
    Cast("cured_by_payment", "CN", 2, co=(("joint", 3),)),
    Cast("cured_by_payment", "CN", 4),
    Cast("cured_by_payment", "US", 31),
    Cast("cured_by_payment", "US", 32),
    Cast("promise_kept", "CN", 5),
    Cast("promise_kept", "CN", 6),
    Cast("promise_kept", "US", 33),
    Cast("promise_broken", "CN", 7),
    Cast("promise_broken", "US", 34),
    Cast("hardship_hold", "CN", 8),
    Cast("hardship_hold", "US", 35),
    Cast("dispute_answered", "CN", 9),
    Cast("dispute_answered", "US", 36),
    Cast("located", "CN", 10),
    Cast("located", "US", 37),
    Cast("tracker_silent", "CN", 11),
    Cast("tracker_silent", "US", 38),
    Cast("tracker_without_consent", "CN", 12),
    # One person with two loans: the caps of the person hold over both.
    Cast("whole_road", "CN", 13),
    Cast("handed_to_legal", "CN", 13),
    Cast("whole_road", "US", 39),
    Cast("handed_to_legal", "CN", 14, co=(("guarantor", 15),)),
    Cast("handed_to_legal", "US", 40),
    Cast("notice_by_sms", "CN", 16),
    Cast("legal_rejected", "CN", 17),
    Cast("reversed_payment", "CN", 18),
    Cast("reversed_payment", "US", 41),
    # Two people who share a phone: the caps of the contact point hold over both.
    Cast("late_record", "CN", 19),
    Cast("swapped", "CN", 20, phone_of=19),
    Cast("swapped", "US", 42),
    Cast("doubled", "CN", 21),
    Cast("doubled", "US", 43),
    Cast("ceased", "US", 44),
    Cast("deceased", "CN", 22),
    Cast("no_consent", "CN", 23),
    Cast("no_consent", "US", 45),
    Cast("no_snapshot", "CN", 24),
    Cast("snapshot_late", "CN", 25),
    Cast("settled_by_bank", "CN", 26),
)
