"""The facts told of one account: hand-made histories first, then every history that can be thought of."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from recourse.contracts.events import BankEvent, decode, encode_binary, parse_line, to_line
from recourse.domain.delinquency import Arrears
from recourse.domain.fold import fold
from recourse.importers.metro2 import Origin, bank_events
from recourse.service.routing import to_entry
from tests.unit.importers.lines import NOBODY, account_of, base, day

ZONE = ZoneInfo("America/New_York")
DAYS = {"0": (0, 29), "1": (30, 59), "2": (60, 89), "3": (90, 119), "4": (120, 149), "5": (150, 179)}
DAYS["6"] = (180, 10_000)
STATUS_DIGIT = {"11": "0", "71": "1", "78": "2", "80": "3", "82": "4", "83": "5", "84": "6"}


def events_of(line: str) -> list[BankEvent]:
    return bank_events(account_of(line), Origin())


def short(events: list[BankEvent]) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """(type, local date, [(due date, unpaid)])."""
    return [
        (
            event.type.split(".")[2],
            event.occurred_at.astimezone(ZONE).date().isoformat(),
            [(item["due_date"], item["amount_unpaid_minor"]) for item in event.raw.get("arrears", [])],
        )
        for event in events
    ]


def test_two_missed_installments_and_a_part_payment() -> None:
    told = short(
        events_of(
            base(
                status="71",
                profile="0".ljust(24, "B"),
                opened="03152016",
                past_due="000000400",
                last_payment="01282019",
            )
        )
    )
    assert told == [
        ("snapshot", "2018-12-01", []),
        ("overdue", "2018-12-16", [("2018-12-15", 35000)]),
        ("overdue", "2019-01-16", [("2018-12-15", 35000), ("2019-01-15", 35000)]),
        ("received", "2019-01-28", [("2018-12-15", 35000), ("2019-01-15", 5000)]),
    ]


def test_charges_above_the_installments_are_an_adjustment() -> None:
    last = events_of(base(status="71", profile="0".ljust(24, "B"), past_due="000000723"))[-1]
    assert (last.type, last.raw["kind"]) == ("bank.loan.adjusted.v1", "fee")
    assert sum(item["amount_unpaid_minor"] for item in last.raw["arrears"]) == 72300


def test_a_jump_of_the_tape_is_a_correction_and_opens_as_overdue() -> None:
    told = short(events_of(base(status="80", profile="0".ljust(24, "B"))))
    assert [kind for kind, _, _ in told] == ["snapshot", "overdue", "adjusted", "overdue", "overdue"]
    assert told[2][1:] == ("2019-01-01", [(f"2018-{m}-15", 35000) for m in ("10", "11", "12")])


def test_a_charge_off_is_booked_once_and_paid_at_its_amount() -> None:
    events = events_of(
        base(
            status="64",
            profile="LL321".ljust(24, "B"),
            charged_off="000007000",
            closed="01312019",
            last_payment="01192019",
        )
    )
    kinds = [event.type.removeprefix("bank.") for event in events]
    assert kinds[-3:] == ["loan.charged_off.v1", "payment.received.v1", "loan.closed.v1"]
    assert kinds.count("loan.charged_off.v1") == 1
    assert events[-3].raw["on"] == "2018-11-30"
    assert (events[-2].raw["amount"]["amount_minor"], events[-2].raw["arrears"]) == (700000, [])
    assert events[-1].raw["reason"] == "paid_off"


def test_a_loan_paid_off_late_is_paid_then_closed() -> None:
    told = short(events_of(base(status="13", rating="1", as_of="01112019", closed="01112019")))
    assert [kind for kind, _, _ in told] == ["snapshot", "overdue", "received", "closed"]
    assert {when for _, when, _ in told[2:]} == {"2019-01-11"}


def test_an_account_that_tells_nothing_gives_nothing() -> None:
    assert events_of(base(status="97", profile="L" * 24)) == []
    assert events_of(base(status="71", scheduled="000000000", original="000000000")) == []


def test_nothing_of_the_person_comes_out() -> None:
    text = "\n".join(to_line(event) for event in events_of(base("FICT-0042", status="71")))
    assert "FICT-0042" not in text
    assert NOBODY not in text
    assert "Imported borrower 000001" in text
    assert "+12015550101" in text
    assert "@example.invalid" in text


def test_ids_depend_on_the_key_and_on_nothing_else_of_ours() -> None:
    account = account_of(base(status="71"))
    ids = {bank_events(account, Origin(key=key))[0].subject for key in (b"", b"a", b"b")}
    assert len(ids) == 3
    assert bank_events(account, Origin())[0].event_id == bank_events(account, Origin(source="/x"))[0].event_id


def test_a_shift_moves_every_date_alike() -> None:
    account, shift = account_of(base(status="78", profile="1".ljust(24, "0"))), timedelta(days=2800)
    for old, new in zip(
        bank_events(account, Origin()), bank_events(account, Origin(shift=shift)), strict=True
    ):
        assert new.event_id == old.event_id
        assert _local(new) - _local(old) == shift
        for was, now in zip(old.raw.get("arrears", []), new.raw.get("arrears", []), strict=True):
            assert date.fromisoformat(now["due_date"]) - date.fromisoformat(was["due_date"]) == shift


@st.composite
def lines(draw: st.DrawFn) -> str:
    as_of = draw(st.dates(date(1995, 1, 1), date(2090, 1, 1)))
    if draw(st.booleans()):
        as_of = as_of.replace(day=calendar.monthrange(as_of.year, as_of.month)[1])
    near = st.none() | st.dates(as_of - timedelta(days=900), as_of).map(lambda d: d)
    dollars = st.integers(0, 99_999).map(lambda n: f"{n:09d}")
    return base(
        profile=draw(st.text("0001112233456DDBLKJGHE ", min_size=24, max_size=24)),
        status=draw(
            st.sampled_from([*STATUS_DIGIT, "13", "97", "64", "62", "96", "93", "05", "88"]),
        ),
        rating=draw(st.sampled_from(" 0123456GL")),
        as_of=day(as_of),
        opened=day(draw(near)),
        first_delinquency=day(draw(near)),
        last_payment=day(draw(near)),
        closed=day(draw(near)),
        scheduled=draw(st.sampled_from(["000000000", "000000350", "000000001"])),
        past_due=draw(dollars),
        balance=draw(dollars),
        charged_off=draw(dollars),
        comment=draw(st.sampled_from(["  ", "AU", "AH"])),
    )


def _local(event: BankEvent) -> date:
    return event.occurred_at.astimezone(ZONE).date()


def _arrears(event: BankEvent) -> list[tuple[date, int, int]]:
    return [
        (date.fromisoformat(item["due_date"]), item["amount_due_minor"], item["amount_unpaid_minor"])
        for item in event.raw["arrears"]
    ]


@given(lines())
def test_every_event_survives_the_wire_and_comes_in_order(line: str) -> None:
    events = events_of(line)
    for event in events:
        key, value, headers = encode_binary(event)
        assert decode(key, value, headers) == event
        assert parse_line(to_line(event)) == event
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert all(a.occurred_at < b.occurred_at for a, b in pairwise(events))
    assert len({event.event_id for event in events}) == len(events)
    assert [event.type for event in events].count("bank.loan.snapshot.v1") == min(len(events), 1)


@given(lines())
def test_arrears_after_each_fact_add_up(line: str) -> None:
    before, charged_off = 0, False
    for event in events_of(line)[1:]:
        charged_off = charged_off or "charged_off" in event.type
        if "arrears" not in event.raw:
            continue
        items = _arrears(event)
        assert all(0 < unpaid <= due for _, due, unpaid in items)
        assert all(due < _local(event) for due, _, _ in items)
        after = sum(unpaid for _, _, unpaid in items)
        if "payment" in event.type and not charged_off:
            assert before - event.raw["amount"]["amount_minor"] == after
        elif "payment" in event.type:
            assert event.raw["amount"]["amount_minor"] >= before > after == 0
        else:
            assert after >= before
            assert items or event.type == "bank.installment.overdue.v1"
        before = after


@given(lines())
def test_days_past_due_at_each_months_end_are_what_the_tape_says(line: str) -> None:
    account, events = account_of(line), events_of(line)
    if not events:
        return
    first = _local(events[0])
    charged_off = next((_local(event) for event in events if "charged_off" in event.type), date.max)
    end = account.as_of.replace(day=1) - timedelta(days=1)
    ends = [(account.as_of, STATUS_DIGIT.get(account.status))]
    for code in account.profile:
        ends.append((end, "0" if code == "E" else code))
        end = end.replace(day=1) - timedelta(days=1)
    for end, digit in ends:
        if digit in DAYS and first <= end < charged_off:
            assert _days_past_due(events, end) in range(DAYS[digit][0], DAYS[digit][1] + 1), (end, digit)


def _days_past_due(events: list[BankEvent], on: date) -> int:
    """By the house's own fold, as the consumer would have it that evening."""
    account = fold(to_entry(event) for event in events if _local(event) <= on)
    assert isinstance(account.arrears, Arrears)
    return account.arrears.dpd(on)


@given(st.sampled_from("123456"), st.dates(date(2001, 1, 1), date(2050, 1, 1)))
def test_the_rating_of_a_closed_account_holds_until_it_is_paid(rating: str, as_of: date) -> None:
    events = events_of(base(status="13", rating=rating, as_of=day(as_of), closed=day(as_of)))
    assert [event.type for event in events[-2:]] == ["bank.payment.received.v1", "bank.loan.closed.v1"]
    unpaid = fold(to_entry(event) for event in events[:-2]).arrears
    assert unpaid.dpd(as_of) in range(DAYS[rating][0], DAYS[rating][1] + 1)
