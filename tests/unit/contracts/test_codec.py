"""Reading the bank's events: what is refused, by which code and field, and what passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recourse.contracts.events import EventLimits, Refused, RefusedCode, decode, parse_line

LOAN = "L-000123"
NOW = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
Headers = list[tuple[str, bytes]]


def payment() -> dict[str, Any]:
    return {
        "sequence": 42,
        "payment_id": "P-1",
        "amount": {"amount_minor": 352017, "currency": "CNY"},
        "value_date": "2026-11-06",
        "arrears": [
            {
                "number": 7,
                "due_date": "2026-10-05",
                "amount_due_minor": 352017,
                "amount_unpaid_minor": 1,
            }
        ],
    }


def headers(**changes: str | None) -> Headers:
    """The attributes as binary headers; None leaves one out."""
    attributes: dict[str, str | None] = {
        "specversion": "1.0",
        "id": "evt-1",
        "source": "/demo/cn",
        "type": "bank.payment.received.v1",
        "subject": LOAN,
        "time": "2026-11-06T09:00:00+08:00",
    }
    present = {**attributes, **changes}
    return [(f"ce_{name}", text.encode()) for name, text in present.items() if text is not None]


def value(data: Any = None) -> bytes:
    return json.dumps(payment() if data is None else data, ensure_ascii=False).encode()


def structured(**changes: Any) -> bytes:
    envelope = {name.removeprefix("ce_"): raw.decode() for name, raw in headers()}
    envelope |= {"data": payment()} | changes
    return json.dumps({k: v for k, v in envelope.items() if v is not None}).encode()


STRUCTURED: Headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]


def refusal(
    body: bytes | None, sent: Headers | None = None, key: bytes | None = LOAN.encode(), **limits: Any
) -> Refused:
    with pytest.raises(Refused) as caught:
        decode(key, body, headers() if sent is None else sent, EventLimits(**limits))
    return caught.value


def test_a_binary_record_is_understood() -> None:
    event = decode(LOAN.encode(), value(), headers())
    assert (event.event_id, event.source, event.subject) == ("evt-1", "/demo/cn", LOAN)
    assert event.occurred_at == datetime(2026, 11, 6, 1, 0, tzinfo=UTC)
    assert event.sequence == 42
    assert event.raw == payment()


def test_a_structured_record_is_the_same_event_as_its_binary_twin() -> None:
    assert decode(LOAN.encode(), structured(), STRUCTURED) == decode(LOAN.encode(), value(), headers())
    assert parse_line(structured().decode()) == decode(LOAN.encode(), value(), headers())


def test_header_names_are_read_whatever_their_case_and_strangers_are_left_alone() -> None:
    shouted = [(name.upper(), raw) for name, raw in headers()]
    stranger: Headers = [("traceparent", b"00-0af7"), ("ce_extension", b"x")]
    assert decode(LOAN.encode(), value(), shouted + stranger) == decode(LOAN.encode(), value(), headers())


def test_unknown_fields_stay_out_of_the_way_and_in_the_raw_data() -> None:
    odd = payment() | {"branch": {"code": 1}}
    odd["amount"] |= {"rate": 1.5}
    event = decode(LOAN.encode(), value(odd), headers())
    assert event.raw == odd
    assert event.data == decode(LOAN.encode(), value(), headers()).data


HEADER_REFUSALS: dict[str, tuple[dict[str, str | None], RefusedCode, str]] = {
    **{
        f"no {name}": ({name: None}, RefusedCode.MISSING_ATTRIBUTE, f"ce_{name}")
        for name in ("specversion", "id", "source", "type", "subject", "time")
    },
    "an empty id": ({"id": ""}, RefusedCode.MISSING_ATTRIBUTE, "ce_id"),
    "an id with a space": ({"id": "a b"}, RefusedCode.BAD_ATTRIBUTE, "ce_id"),
    "an id too long": ({"id": "x" * 201}, RefusedCode.BAD_ATTRIBUTE, "ce_id"),
    "an id with a line break": ({"id": "a\n"}, RefusedCode.BAD_ATTRIBUTE, "ce_id"),
    "a source too long": ({"source": "/" * 201}, RefusedCode.BAD_ATTRIBUTE, "ce_source"),
    "a subject with a slash": ({"subject": "L/1"}, RefusedCode.BAD_ATTRIBUTE, "ce_subject"),
    "a subject too long": ({"subject": "L" * 101}, RefusedCode.BAD_ATTRIBUTE, "ce_subject"),
    "a subject with DEL": ({"subject": "L\x7f"}, RefusedCode.BAD_ATTRIBUTE, "ce_subject"),
    "a time without offset": ({"time": "2026-11-06T09:00:00"}, RefusedCode.BAD_ATTRIBUTE, "ce_time"),
    "no time at all": ({"time": "yesterday"}, RefusedCode.BAD_ATTRIBUTE, "ce_time"),
    "a time of the last century": ({"time": "1970-01-01T00:00:00Z"}, RefusedCode.BAD_ATTRIBUTE, "ce_time"),
    "a time off the calendar": ({"time": "0001-01-01T00:00:00+23:00"}, RefusedCode.BAD_ATTRIBUTE, "ce_time"),
    "another CloudEvents": ({"specversion": "0.3"}, RefusedCode.UNKNOWN_SPEC_VERSION, "ce_specversion"),
    "another type": ({"type": "bank.card.lost.v1"}, RefusedCode.UNKNOWN_TYPE, "ce_type"),
    "a type without version": ({"type": "bank.payment.received"}, RefusedCode.UNKNOWN_TYPE, "ce_type"),
    "a version above ours": ({"type": "bank.payment.received.v2"}, RefusedCode.UNKNOWN_VERSION, "ce_type"),
    "a version far above": ({"type": "bank.loan.closed.v99"}, RefusedCode.UNKNOWN_VERSION, "ce_type"),
}


@pytest.mark.parametrize(("changes", "code", "field"), HEADER_REFUSALS.values(), ids=HEADER_REFUSALS.keys())
def test_an_attribute_amiss_is_refused_in_both_modes(
    changes: dict[str, str | None], code: RefusedCode, field: str
) -> None:
    for refused in (
        refusal(value(), headers(**changes)),
        refusal(structured(**changes), STRUCTURED),
    ):
        assert (refused.code, refused.field) == (code, field)
        assert refused.message


VALUE_REFUSALS: dict[str, tuple[bytes | None, RefusedCode]] = {
    "a tombstone": (None, RefusedCode.NO_VALUE),
    "nothing": (b"", RefusedCode.NOT_JSON),
    "half a document": (b'{"payment_id": ', RefusedCode.NOT_JSON),
    "two documents": (b"{}{}", RefusedCode.NOT_JSON),
    "a byte order mark": (b"\xef\xbb\xbf{}", RefusedCode.NOT_JSON),
    "not a number": (b'{"x": NaN}', RefusedCode.NOT_JSON),
    "infinity by overflow": (b'{"x": 1e999}', RefusedCode.NOT_JSON),
    "a number without end": (b'{"x": ' + b"9" * 5000 + b"}", RefusedCode.NOT_JSON),
    "a key twice": (b'{"sequence": 1, "sequence": 2}', RefusedCode.NOT_JSON),
    "half a surrogate pair": (b'{"x": "\\ud800"}', RefusedCode.NOT_JSON),
    "a NUL": (b'{"x": "\\u0000"}', RefusedCode.NOT_JSON),
    "nesting without end": (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", RefusedCode.NOT_JSON),
    "bytes that are no UTF-8": (b'{"x": "\xff"}', RefusedCode.NOT_UTF8),
    "a list": (b"[]", RefusedCode.INVALID_DATA),
    "null": (b"null", RefusedCode.INVALID_DATA),
}


@pytest.mark.parametrize(("body", "code"), VALUE_REFUSALS.values(), ids=VALUE_REFUSALS.keys())
def test_a_value_that_is_no_document_is_refused(body: bytes | None, code: RefusedCode) -> None:
    assert refusal(body).code is code


def test_header_bytes_that_are_no_text_are_refused() -> None:
    refused = refusal(value(), [*headers(), ("ce_extension", b"\xff")])
    assert (refused.code, refused.field) == (RefusedCode.NOT_UTF8, "headers")


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (-1, False)])
def test_a_value_is_refused_by_its_size_before_it_is_read(spare: int, fits: bool) -> None:
    body = value()
    if fits:
        assert decode(LOAN.encode(), body, headers(), EventLimits(max_bytes=len(body) + spare))
    else:
        assert refusal(body, max_bytes=len(body) + spare).code is RefusedCode.TOO_LARGE


def test_960_kib_are_the_most_by_default() -> None:
    padding = b" " * (983_040 - len(value()))
    assert decode(LOAN.encode(), value() + padding, headers())
    assert refusal(value() + padding + b" ").code is RefusedCode.TOO_LARGE
    assert refusal(b"\xff" * 983_041).code is RefusedCode.TOO_LARGE


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, RefusedCode.MISSING_KEY),
        (b"", RefusedCode.MISSING_KEY),
        (b"L-000124", RefusedCode.KEY_NOT_SUBJECT),
        (b"\xff", RefusedCode.KEY_NOT_SUBJECT),
    ],
)
def test_the_key_must_be_the_loan_or_order_is_lost(key: bytes | None, code: RefusedCode) -> None:
    assert refusal(value(), key=key).code is code
    assert refusal(structured(), STRUCTURED, key=key).code is code


def test_a_time_more_than_a_day_ahead_of_us_is_refused() -> None:
    def at(instant: datetime) -> Headers:
        return headers(time=instant.isoformat())

    assert decode(LOAN.encode(), value(), at(NOW + timedelta(days=1)), EventLimits(now=NOW))
    late = refusal(value(), at(NOW + timedelta(days=1, seconds=1)), now=NOW)
    assert (late.code, late.field) == (RefusedCode.BAD_ATTRIBUTE, "ce_time")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1"])
def test_a_structured_value_is_an_object(body: bytes) -> None:
    assert refusal(body, STRUCTURED).code is RefusedCode.NOT_JSON


def test_a_structured_event_carries_data_and_attributes_of_text() -> None:
    missing = refusal(structured(data=None), STRUCTURED)
    assert (missing.code, missing.field) == (RefusedCode.MISSING_ATTRIBUTE, "data")
    for odd in (5, ["x"], {"a": 1}, True):
        refused = refusal(structured(id=odd), STRUCTURED)
        assert (refused.code, refused.field) == (RefusedCode.BAD_ATTRIBUTE, "ce_id")


Change = Callable[[dict[str, Any]], object]
DATA_REFUSALS: dict[str, tuple[Change, str]] = {
    "a missing field": (lambda d: d.pop("payment_id"), "data.payment_id"),
    "a fraction of a cent": (lambda d: d["amount"].update(amount_minor=1.5), "data.amount.amount_minor"),
    "a whole float": (lambda d: d["amount"].update(amount_minor=1.0), "data.amount.amount_minor"),
    "money as text": (lambda d: d["amount"].update(amount_minor="1"), "data.amount.amount_minor"),
    "money as truth": (lambda d: d["amount"].update(amount_minor=True), "data.amount.amount_minor"),
    "a payment of nothing": (lambda d: d["amount"].update(amount_minor=0), "data.amount.amount_minor"),
    "money owed back": (lambda d: d["amount"].update(amount_minor=-1), "data.amount.amount_minor"),
    "money beyond a car": (lambda d: d["amount"].update(amount_minor=10**13 + 1), "data.amount.amount_minor"),
    "a currency in words": (lambda d: d["amount"].update(currency="yuan"), "data.amount.currency"),
    "a sequence of 0": (lambda d: d.update(sequence=0), "data.sequence"),
    "a sequence beyond JSON": (lambda d: d.update(sequence=2**53), "data.sequence"),
    "a day as an instant": (lambda d: d.update(value_date="2026-11-06T00:00:00"), "data.value_date"),
    "a day as a number": (lambda d: d.update(value_date=20261106), "data.value_date"),
    "a day as a week": (lambda d: d.update(value_date="2026-W45-5"), "data.value_date"),
    "a day that is none": (lambda d: d.update(value_date="2026-02-30"), "data.value_date"),
    "a day before all cars": (lambda d: d.update(value_date="1899-12-31"), "data.value_date"),
    "a day standing for never": (
        lambda d: d["arrears"][0].update(due_date="9999-12-31"), "data.arrears.0.due_date"
    ),
    "more unpaid than due": (lambda d: d["arrears"][0].update(amount_due_minor=1, amount_unpaid_minor=2),
                             "data.arrears.0"),
    "a number twice": (lambda d: d["arrears"].append(d["arrears"][0]), "data"),
    "arrears as one": (lambda d: d.update(arrears=d["arrears"][0]), "data.arrears"),
    "an empty payment id": (lambda d: d.update(payment_id=""), "data.payment_id"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "field"), DATA_REFUSALS.values(), ids=DATA_REFUSALS.keys())
def test_data_amiss_is_refused_by_its_field(change: Change, field: str) -> None:
    data = payment()
    change(data)
    refused = refusal(value(data))
    assert (refused.code, refused.field) == (RefusedCode.INVALID_DATA, field)


@pytest.mark.parametrize(
    ("change", "secret"),
    [
        (lambda d: d.update(value_date="Zhang San!"), "Zhang"),
        (lambda d: d.update(value_date="+8613800000001"), "138"),
        (lambda d: d.update(payment_id=["Zhang San"]), "Zhang"),
        (lambda d: d["amount"].update(currency="Zhang"), "Zhang"),
    ],
)
def test_a_refusal_never_repeats_the_value_which_may_be_personal(change: Change, secret: str) -> None:
    data = payment()
    change(data)
    refused = refusal(value(data))
    assert secret not in str(refused)
    assert secret not in refused.message


def test_every_code_of_the_codec_is_held_by_a_test_above() -> None:
    held = {code for _, code, _ in HEADER_REFUSALS.values()} | {code for _, code in VALUE_REFUSALS.values()}
    held |= {RefusedCode.TOO_LARGE, RefusedCode.MISSING_KEY, RefusedCode.KEY_NOT_SUBJECT}
    given_by_the_consumer = {RefusedCode.UNACCEPTABLE}
    assert held | given_by_the_consumer == set(RefusedCode)
