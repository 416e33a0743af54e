"""The account is a function of the set of facts: order, doubles and delay never change it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.facts import (
    BankFact,
    ChargedOff,
    Entry,
    LoanAdjusted,
    LoanEnd,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
    PaymentReversed,
    SnapshotReceived,
)
from recourse.domain.fold import fold, in_order
from tests.examples import examples

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = date(2026, 11, 1)
OLD = Installment(6, date(2026, 9, 5), 1000, 1000)
NEW = Installment(7, date(2026, 10, 5), 1000, 1000)
OWED = Arrears((OLD, NEW))

statements = st.lists(st.sampled_from([OLD, NEW, replace(NEW, unpaid_minor=300)]), max_size=2).map(
    lambda items: Arrears.of({i.number: i for i in items}.values())
)
payment_ids = st.sampled_from(["P-1", "P-2", "P-3"])
bank_facts: st.SearchStrategy[BankFact] = st.one_of(
    st.builds(OverdueReported, st.just(DAY), statements),
    st.builds(LoanAdjusted, st.just("fee"), statements),
    st.builds(PaymentReceived, payment_ids, st.integers(1, 3000), st.just(DAY), st.none() | statements),
    st.builds(PaymentReversed, st.just("R"), payment_ids, st.none() | statements),
    st.builds(ChargedOff, st.just(10), st.just(DAY)),
    st.builds(LoanEnded, st.sampled_from(LoanEnd), st.just(DAY)),
    st.just(SnapshotReceived()),
)


@st.composite
def histories(draw: st.DrawFn, *, sequenced: bool = False) -> list[Entry]:
    """Facts in the bank's own order. Times may be back-dated; sequences may be missing."""
    count = draw(st.integers(0, 8))
    entries = []
    for number in range(count):
        at = START + timedelta(hours=draw(st.integers(0, 48)))
        counted = sequenced or draw(st.booleans())
        entries.append(Entry(f"e{number}", at, number + 1 if counted else None, draw(bank_facts)))
    return entries


@examples(100)
@given(st.data())
def test_arrival_order_and_doubles_never_change_the_account(data: st.DataObject) -> None:
    history = data.draw(histories())
    doubles = data.draw(st.lists(st.sampled_from(history), max_size=5)) if history else []
    arrived = data.draw(st.permutations([*history, *doubles]))
    assert fold(arrived) == fold(history)
    assert in_order(arrived) == in_order(history)


@examples(80)
@given(histories(sequenced=True))
def test_facts_with_a_sequence_keep_the_banks_order_whatever_their_times(history: list[Entry]) -> None:
    assert [e.sequence for e in in_order(reversed(history))] == [e.sequence for e in history]


@examples(80)
@given(histories(sequenced=True), bank_facts)
def test_a_late_lower_sequence_never_regresses_what_a_later_statement_said(
    history: list[Entry], late: BankFact
) -> None:
    known = [replace(e, sequence=(e.sequence or 0) + 10) for e in history]
    last = Entry("last", START, 100, LoanAdjusted("correction", Arrears((NEW,))))
    before = fold([*known, last])
    after = fold([*known, last, Entry("late", START + timedelta(days=9), 1, late)])
    assert (after.arrears, after.certain, after.last_sequence) == (before.arrears, True, 100)


@examples(80)
@given(st.integers(1, 5000))
def test_a_reversal_without_a_statement_restores_what_its_payment_had_taken(amount: int) -> None:
    paid = [_overdue(1), _payment(2, "P-1", amount)]
    account = fold([*paid, _reversal(3, "P-1")])
    assert account.arrears == OWED
    assert account.certain
    assert [(p.amount_minor, p.reversed) for p in account.payments] == [(amount, True)]


@examples(80)
@given(st.integers(1, 1000), st.integers(1, 1000), st.sampled_from(["P-1", "P-2"]))
def test_after_one_of_two_payments_is_reversed_the_other_still_counts(
    first: int, second: int, gone: str
) -> None:
    account = fold([_overdue(1), _payment(2, "P-1", first), _payment(3, "P-2", second), _reversal(4, gone)])
    assert account.arrears.unpaid_minor == 2000 - (second if gone == "P-1" else first)


def test_a_doubled_reversal_restores_once() -> None:
    account = fold([_overdue(1), _payment(2, "P-1", 400), _reversal(3, "P-1"), _reversal(4, "P-1")])
    assert (account.arrears, account.certain) == (OWED, True)


def test_a_reversal_ordered_before_its_payment_cancels_it() -> None:
    account = fold([_overdue(1), _reversal(2, "P-1"), _payment(3, "P-1", 400)])
    assert account.arrears == OWED
    assert [p.reversed for p in account.payments] == [True]


def test_a_reversal_that_arrives_before_its_payment_is_the_same_as_in_order() -> None:
    facts = [_overdue(1), _payment(2, "P-1", 400), _reversal(3, "P-1")]
    assert fold([facts[2], facts[0], facts[1]]) == fold(facts)


def test_a_reversal_of_a_payment_with_a_statement_leaves_the_amount_uncertain_until_the_next_statement() -> (
    None
):
    paid = Entry("p", START, 2, PaymentReceived("P-1", 2000, DAY, Arrears()))
    doubtful = fold([_overdue(1), paid, _reversal(3, "P-1")])
    assert not doubtful.certain
    assert not doubtful.cured
    stated = fold([_overdue(1), paid, _reversal(3, "P-1"), _overdue(4)])
    assert stated.certain
    assert stated.arrears == OWED


def test_a_prepayment_reversed_after_a_statement_leaves_the_amount_uncertain() -> None:
    prepaid = [_payment(1, "P-1", 700), _overdue(2)]  # the statement may have counted the 700 already
    assert fold(prepaid).certain
    assert not fold([*prepaid, _reversal(3, "P-1")]).certain
    assert fold([*prepaid, _reversal(3, "P-1"), _overdue(4)]).certain


def test_a_back_dated_fact_with_a_higher_sequence_is_applied_last() -> None:
    overdue = Entry("o", START + timedelta(days=2), 1, OverdueReported(DAY, OWED))
    payment = Entry("p", START, 2, PaymentReceived("P-1", 2000, DAY, Arrears()))
    assert fold([payment, overdue]).cured


def test_a_back_dated_fact_without_a_sequence_takes_its_place_by_time() -> None:
    overdue = Entry("o", START + timedelta(days=2), None, OverdueReported(DAY, OWED))
    payment = Entry("p", START, None, PaymentReceived("P-1", 2000, DAY, Arrears()))
    assert fold([overdue, payment]).arrears == OWED


def test_a_payment_without_a_statement_goes_to_the_oldest_installment() -> None:
    account = fold([_overdue(1), _payment(2, "P-1", 1300)])
    assert account.arrears == Arrears((replace(NEW, unpaid_minor=700),))


def test_a_payment_before_any_statement_is_kept_and_changes_no_arrears() -> None:
    account = fold([_payment(1, "P-1", 700)])
    assert account.arrears == Arrears()
    assert [p.amount_minor for p in account.payments] == [700]
    assert fold([_payment(1, "P-1", 700), _overdue(2)]).arrears == OWED


def test_the_same_payment_under_two_event_ids_counts_once() -> None:
    account = fold([_overdue(1), _payment(2, "P-1", 300), _payment(3, "P-1", 300)])
    assert account.arrears.unpaid_minor == 1700
    assert [p.amount_minor for p in account.payments] == [300]


def test_a_booked_loss_leaves_the_claim_alive_and_an_ended_loan_stays_ended() -> None:
    account = fold([_overdue(1), Entry("c", START, 2, ChargedOff(2000, DAY))])
    assert (account.charged_off_on, account.arrears, account.ended) == (DAY, OWED, None)
    ended = fold([_overdue(1), Entry("x", START, 2, LoanEnded(LoanEnd.SOLD, DAY))])
    assert ended.ended is LoanEnd.SOLD


def test_no_facts_make_an_empty_account() -> None:
    account = fold([])
    assert (account.arrears, account.payments, account.last_sequence) == (Arrears(), (), None)


def _overdue(sequence: int) -> Entry:
    return Entry(f"o{sequence}", START, sequence, OverdueReported(DAY, OWED))


def _payment(sequence: int, payment_id: str, amount: int) -> Entry:
    return Entry(f"p{sequence}", START, sequence, PaymentReceived(payment_id, amount, DAY))


def _reversal(sequence: int, of: str) -> Entry:
    return Entry(f"r{sequence}", START, sequence, PaymentReversed(f"R-{sequence}", of))
