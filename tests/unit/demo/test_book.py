"""The bundled book: every outcome is in it, and its events are what a core bank would send."""

from __future__ import annotations

from collections import Counter

import pytest

from recourse.contracts.events import decode, encode_binary
from recourse.contracts.events.models import InstallmentOverdue, LoanSnapshot, PaymentReceived
from recourse.demo.book import Loan, history, loans
from recourse.demo.people import person
from recourse.demo.plots import LAST_DAY, PLOTS, Disorder

BOOK = loans()


def by_name(loan: Loan) -> str:
    return f"{loan.id} {loan.plot.name}"


def test_about_forty_loans_play_every_plot_in_both_countries() -> None:
    assert len(BOOK) == 40
    assert {loan.plot.name for loan in BOOK} == set(PLOTS)
    assert Counter(loan.region for loan in BOOK)["US"] >= 12
    assert len({loan.id for loan in BOOK}) == len(BOOK)


def test_the_outcomes_that_were_promised_are_all_there() -> None:
    closed = {reason for plot in PLOTS.values() for reason in plot.expected.closed}
    assert {"cured", "legal_concluded", "settled", ""} <= closed
    assert {plot.expected.promise for plot in PLOTS.values()} >= {"kept", "broken"}
    assert any(plot.bounces for plot in PLOTS.values())
    assert any(plot.expected.hold == "hardship" for plot in PLOTS.values())
    assert any(plot.expected.located for plot in PLOTS.values())


@pytest.mark.parametrize("loan", BOOK, ids=by_name)
def test_every_event_survives_the_wire_and_is_numbered_by_when_it_happened(loan: Loan) -> None:
    events = [dated.event for dated in history(loan)]
    for event in events:
        key, value, headers = encode_binary(event)
        assert decode(key, value, headers) == event
    by_sequence = sorted({event.sequence or 0: event.occurred_at for event in events}.items())
    assert [at for _, at in by_sequence] == sorted(at for _, at in by_sequence)
    assert all(0 <= dated.day <= LAST_DAY for dated in history(loan))


@pytest.mark.parametrize("loan", BOOK, ids=by_name)
def test_arrears_are_exactly_the_installments_past_due_on_their_day(loan: Loan) -> None:
    for dated in history(loan):
        data = dated.event.data
        if isinstance(data, InstallmentOverdue):
            assert data.arrears
            assert all(item.due_date < data.as_of for item in data.arrears)
            assert [i.due_date for i in data.arrears] == sorted(i.due_date for i in data.arrears)
        if isinstance(data, PaymentReceived):
            assert data.arrears == []
            assert data.amount.amount_minor % loan.monthly_minor == 0


def test_disorder_changes_the_order_and_the_number_of_records_but_not_what_happened() -> None:
    doubled = next(loan for loan in BOOK if loan.plot.disorder is Disorder.DOUBLED)
    ids = [dated.event.event_id for dated in history(doubled)]
    assert set(Counter(ids).values()) == {2}
    swapped = next(loan for loan in BOOK if loan.plot.disorder is Disorder.SWAPPED)
    numbers = [dated.event.sequence for dated in history(swapped)]
    assert numbers != sorted(numbers, key=lambda n: n or 0)
    late = next(loan for loan in BOOK if loan.plot.disorder is Disorder.LATE)
    assert history(late)[-1].event.sequence == 2
    without = next(loan for loan in BOOK if loan.plot.disorder is Disorder.NO_SNAPSHOT)
    assert not any(isinstance(dated.event.data, LoanSnapshot) for dated in history(without))


def test_a_person_with_two_loans_and_two_people_with_one_phone_are_in_the_book() -> None:
    people = Counter(loan.cast.person for loan in BOOK)
    assert 2 in people.values()
    shared = next(loan.cast for loan in BOOK if loan.cast.phone_of is not None)
    own, other = person(shared.phone_of or 0, "CN"), person(shared.person, "CN", phone_of=shared.phone_of)
    assert own["contact_points"][0] == other["contact_points"][0]
    assert own["id"] != other["id"]
    assert {role for loan in BOOK for role, _ in loan.cast.co} == {"joint", "guarantor"}
