"""docs/events.md is the contract: its examples parse, and no type, field or code is missing from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from recourse.contracts.events import (
    BANK_MODELS,
    CASE_MODELS,
    RefusedCode,
    Topics,
    decode,
    encode_case_event,
    parse_line,
    topic_for,
)
from recourse.contracts.events.schema import COMMITTED
from tests.unit.contracts.conforming import conforms

DOCUMENT = Path(__file__).parents[3] / "docs" / "events.md"
MARKED = re.compile(
    r"(?:^<!-- (?P<mark>[^>]*) -->\n)?^```(?P<kind>text|json|ndjson)\n(?P<body>.*?)^```", re.M | re.S
)


@dataclass(frozen=True)
class Example:
    mark: str
    body: str


@cache
def document() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


@cache
def examples() -> tuple[Example, ...]:
    return tuple(Example(found["mark"] or "", found["body"]) for found in MARKED.finditer(document()))


def marked(prefix: str) -> list[Example]:
    return [example for example in examples() if example.mark.startswith(prefix)]


def one_line(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False)


def test_every_example_says_what_it_is() -> None:
    known = re.compile(r"headers|value|events?|data: (\S+)|case event: (\S+)")
    assert [example for example in examples() if not known.fullmatch(example.mark)] == []
    assert len(examples()) == document().count("```json\n") + document().count("```ndjson\n") + 1


def test_the_example_of_binary_mode_is_understood() -> None:
    [headers], [value] = marked("headers"), marked("value")
    pairs = [line.split(": ", 1) for line in headers.body.splitlines()]
    event = decode(b"L-000123", value.body.encode(), [(name, text.encode()) for name, text in pairs])
    assert (event.event_id, event.subject) == ("pay-2026-11-06-000017", "L-000123")


def test_the_example_of_structured_mode_is_the_same_payment_without_a_statement() -> None:
    [example] = [one for one in examples() if one.mark == "event"]
    event = parse_line(one_line(example.body))
    assert (event.type, event.raw.get("arrears")) == ("bank.payment.received.v1", None)


def test_every_line_of_the_example_file_is_an_event() -> None:
    [example] = marked("events")
    assert [parse_line(line).event_id for line in example.body.splitlines()] == ["demo-1", "demo-2"]


@pytest.mark.parametrize("type_", sorted(BANK_MODELS))
def test_every_type_of_the_bank_has_an_example_that_is_valid_both_ways(type_: str) -> None:
    [example] = marked(f"data: {type_}")
    data = json.loads(example.body)
    conforms(data, schema=schema(type_))
    envelope = {"specversion": "1.0", "id": "e", "source": "/demo/cn", "type": type_, "subject": "L-1"}
    event = parse_line(json.dumps(envelope | {"time": "2026-11-06T09:00:00+08:00", "data": data}))
    # Nothing in the example is a stranger to the model: read and written again, all of it is there.
    assert event.data.model_dump(mode="json", exclude_unset=True) == data
    assert f"### `{type_}`" in document()


def test_the_examples_of_what_we_tell_are_what_we_could_send() -> None:
    found = marked("case event")
    assert found
    for example in found:
        type_ = example.mark.removeprefix("case event: ")
        data = json.loads(example.body)
        conforms(data, schema=schema(type_))
        _, sent, _ = encode_case_event("id", type_, "L-1", "2026-11-06T01:00:00+00:00", data)
        assert json.loads(sent) == data


@pytest.mark.parametrize("type_", sorted(CASE_MODELS))
def test_every_type_we_tell_has_a_row_with_its_fields(type_: str) -> None:
    row = next(line for line in document().splitlines() if line.startswith(f"| `{type_}` |"))
    own = set(CASE_MODELS[type_].model_fields) - {"loan_id", "episode"}
    assert [name for name in sorted(own) if f"`{name}`" not in row] == []


def test_every_refusal_has_a_row() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", document().split("## What is refused", 1)[1], re.M))
    assert {code.value for code in RefusedCode} <= told


def test_every_field_and_every_choice_of_the_banks_events_stands_there() -> None:
    words = set(re.findall(r"[A-Za-z_]+", document()))
    wanted = {word for model in BANK_MODELS.values() for word in names(model)}
    assert sorted(wanted - words) == []


def test_topics_stand_there_with_their_names() -> None:
    topics = Topics()
    for type_ in BANK_MODELS:
        assert f"| `{topic_for(type_, topics)}` |" in document()
    for topic in (*map(topics.dead_letters, topics.incoming()), topics.case_events):
        assert f"`{topic}`" in document()


def schema(type_: str) -> Any:
    return json.loads((COMMITTED / f"{type_}.json").read_text(encoding="utf-8"))


def names(model: type[BaseModel]) -> Iterator[str]:
    """The field names of a model and of those inside it, and the words its fields choose from."""
    for name, field in model.model_fields.items():
        yield name
        yield from inside(field.annotation)


def inside(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from names(annotation)
    for argument in get_args(annotation):
        if isinstance(argument, str):
            yield argument
        else:
            yield from inside(argument)
