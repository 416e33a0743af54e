"""What version 1 once meant it means for ever: samples keep parsing, schemas only grow.

`samples/v1` and `baseline` were written when version 1 was; files may be added to them, never changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recourse.contracts.events import BANK_MODELS, CASE_MODELS, encode_case_event, parse_line
from recourse.contracts.events.schema import COMMITTED, drift
from tests.unit.contracts.conforming import conforms

HERE = Path(__file__).parent
SAMPLES = sorted((HERE / "samples" / "v1").glob("*.json"))
BASELINE = sorted((HERE / "baseline").glob("*.json"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def named(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


@pytest.mark.parametrize("path", SAMPLES, ids=named(SAMPLES))
def test_every_sample_of_version_one_parses(path: Path) -> None:
    envelope = read(path)
    event = parse_line(path.read_text(encoding="utf-8"))
    assert (event.event_id, event.type, event.raw) == (envelope["id"], envelope["type"], envelope["data"])
    assert event.sequence == envelope["data"].get("sequence")


@pytest.mark.parametrize("path", SAMPLES, ids=named(SAMPLES))
def test_every_sample_keeps_all_its_known_values(path: Path) -> None:
    """Read and written again, each field of the sample is still there; only strangers are dropped."""
    if path.stem == "extra_fields":
        return
    written = parse_line(path.read_text(encoding="utf-8")).data.model_dump(mode="json", exclude_unset=True)
    assert written == read(path)["data"]


@pytest.mark.parametrize("path", SAMPLES, ids=named(SAMPLES))
def test_every_sample_is_valid_by_the_published_schema(path: Path) -> None:
    envelope = read(path)
    conforms(envelope["data"], schema=read(COMMITTED / f"{envelope['type']}.json"))


def test_there_is_a_sample_of_every_type() -> None:
    assert {read(path)["type"] for path in SAMPLES} == set(BANK_MODELS)


def test_the_published_schemas_are_those_of_the_models() -> None:
    assert drift(COMMITTED) == []


def test_every_type_of_version_one_is_still_published() -> None:
    assert {path.name for path in BASELINE} <= {path.name for path in COMMITTED.glob("*.json")}
    assert set(named(BASELINE)) >= {name for name in {**BANK_MODELS, **CASE_MODELS} if name.endswith(".v1")}


def resolved(node: Any, root: dict[str, Any]) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def objects(node: Any, root: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object schema by its place, through references, lists and alternatives."""
    node = resolved(node, root)
    if "properties" in node:
        yield path, node
        for name, inner in node["properties"].items():
            yield from objects(inner, root, f"{path}.{name}")
    if "items" in node:
        yield from objects(node["items"], root, f"{path}[]")
    for choice in node.get("anyOf", []):
        yield from objects(choice, root, path)


def accepted(node: Any, root: dict[str, Any]) -> dict[str, Any]:
    """What a field lets through, without the words that only describe it."""
    node = resolved(node, root)
    limits = {k: v for k, v in node.items() if k not in {"title", "description", "default", "properties"}}
    if "anyOf" in limits:
        limits["anyOf"] = [accepted(choice, root) for choice in limits["anyOf"]]
    if "items" in limits:
        limits["items"] = accepted(limits["items"], root)
    return limits


def breaks(old: dict[str, Any], new: dict[str, Any], *, outgoing: bool) -> list[str]:
    """How a new schema fails those who write (or, outgoing, read) by the old one."""
    found, now = [], dict(objects(new, new))
    for place, before in objects(old, old):
        after = now.get(place)
        if after is None:
            found.append(f"{place}: removed")
            continue
        required, was = set(after.get("required", [])), set(before.get("required", []))
        found += [f"{place}.{name}: newly required" for name in required - was if not outgoing]
        found += [f"{place}.{name}: no longer promised" for name in was - required if outgoing]
        for name, field in before["properties"].items():
            if name not in after["properties"]:
                found.append(f"{place}.{name}: removed")
            elif narrowed(accepted(field, old), accepted(after["properties"][name], new)):
                found.append(f"{place}.{name}: narrowed")
    return found


def narrowed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Longer lists of choices and looser limits are fine; anything else that differs is not."""
    if set(new) - set(old):
        return True
    for word, after in new.items():
        before = old[word]
        if word in {"maxLength", "maximum", "maxItems"}:
            wrong = after < before
        elif word in {"minLength", "minimum", "exclusiveMinimum", "minItems"}:
            wrong = after > before
        elif word == "enum":
            wrong = not set(before) <= set(after)
        elif word == "required":
            wrong = False  # looked at object by object
        elif word == "items":
            wrong = narrowed(before, after)
        elif word == "anyOf":
            wrong = any(all(narrowed(b, a) for a in after) for b in before)
        else:
            wrong = before != after
        if wrong:
            return True
    return False


@pytest.mark.parametrize("path", BASELINE, ids=named(BASELINE))
def test_a_schema_only_grows(path: Path) -> None:
    outgoing = path.stem in CASE_MODELS
    assert breaks(read(path), read(COMMITTED / path.name), outgoing=outgoing) == []


OVERDUE = HERE / "baseline" / "bank.installment.overdue.v1.json"


def _item(schema: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = schema["$defs"]["ArrearsItem"]
    return item


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["properties"].pop("as_of"), [".as_of: removed"]),
        (lambda s: s["required"].append("sequence"), [".sequence: newly required"]),
        (lambda s: s["properties"]["arrears"].update(maxItems=10), [".arrears: narrowed"]),
        (lambda s: _item(s)["properties"].pop("number"), [".arrears[].number: removed"]),
        (lambda s: _item(s)["properties"]["number"].update(maximum=9), [".arrears[].number: narrowed"]),
        (lambda s: _item(s)["properties"]["number"].update(type="string"), [".arrears[].number: narrowed"]),
        (lambda s: s["properties"].update(note={"type": "string"}), []),
        (lambda s: s["properties"]["arrears"].update(maxItems=1000), []),
    ],
)
def test_the_comparison_itself_sees_what_breaks_and_lets_growth_pass(change: Any, said: list[str]) -> None:
    new = read(OVERDUE)
    change(new)
    assert set(said) <= set(breaks(read(OVERDUE), new, outgoing=False))
    assert bool(said) is bool(breaks(read(OVERDUE), new, outgoing=False))


CASE_SAMPLES: dict[str, dict[str, Any]] = {
    "recourse.case.opened.v1": {"dpd": 1, "bucket": "M1", "strategy": "cn_auto@1"},
    "recourse.case.stage_changed.v1": {"stage": "agent", "was": "reminder"},
    "recourse.contact.made.v1": {"step": "sms_friendly", "channel": "sms"},
    "recourse.contact.refused.v1": {"step": "sms_friendly", "channel": "sms", "code": "hold"},
    "recourse.promise.made.v1": {
        "promise_id": "PR-1",
        "amount": {"amount_minor": 100, "currency": "CNY"},
        "due_on": "2026-11-10",
    },
    "recourse.promise.kept.v1": {"promise_id": "PR-1"},
    "recourse.promise.broken.v1": {"promise_id": "PR-1"},
    "recourse.agreement.approved.v1": {
        "agreement_id": "agr-1",
        "kind": "settlement",
        "parts": [{"due_on": "2026-12-01", "amount": {"amount_minor": 900, "currency": "CNY"}}],
        "gives_up": {"amount_minor": 100, "currency": "CNY"},
        "waived": None,
        "installments": None,
        "amount": None,
        "first_due_on": None,
    },
    "recourse.agreement.kept.v1": {"agreement_id": "agr-1"},
    "recourse.agreement.broken.v1": {"agreement_id": "agr-1"},
    "recourse.agreement.reopened.v1": {"agreement_id": "agr-1"},
    "recourse.agreement.cancelled.v1": {"agreement_id": "agr-1", "code": "not_booked"},
    "recourse.vehicle.located.v1": {"quality": "fresh"},
    "recourse.acceleration.reviewed.v1": {
        "step": "acceleration_review",
        "task_id": "task-1",
        "decision": "accelerate",
    },
    "recourse.legal.handed_over.v1": {"reference": "REF-1"},
    "recourse.legal.recalled.v1": {"reference": "REF-1", "reason": "hold"},
    "recourse.legal.moved.v1": {
        "move": "suit_filed",
        "track": "claim",
        "state": "suit_filed",
        "on": "2026-11-06",
        "means": "suit",
        "planned_for": None,
    },
    "recourse.legal.amount.v1": {
        "entry_id": "legal-entry-1",
        "kind": "court_fee",
        "amount": {"amount_minor": 5000, "currency": "CNY"},
        "on": "2026-11-06",
        "proof": "invoice-1",
        "reverses": None,
    },
    "recourse.hold.set.v1": {
        "hold_id": "hold-1",
        "reason": "breathing_space",
        "stops": ["call", "fees"],
        "stopped": ["call", "fees", "legal"],
        "until": "2027-01-06T00:00:00Z",
    },
    "recourse.hold.ended.v1": {
        "hold_id": "hold-1",
        "reason": "breathing_space",
        "code": "expired",
        "resumes": ["call", "fees"],
        "stopped": ["legal"],
    },
    "recourse.case.closed.v1": {"reason": "cured"},
}


@pytest.mark.parametrize("type_", sorted(CASE_MODELS))
def test_what_we_tell_the_bank_follows_its_schema_and_is_keyed_by_the_loan(type_: str) -> None:
    data = {"loan_id": "L-1", "episode": 1} | CASE_SAMPLES[type_]
    key, body, headers = encode_case_event("e-1", type_, "L-1", "2026-11-06T00:00:00+00:00", data)
    assert key == b"L-1"
    assert json.loads(body) == data
    assert dict(headers)["ce_type"] == type_.encode()
    conforms(json.loads(body), schema=read(COMMITTED / f"{type_}.json"))


@pytest.mark.parametrize("type_", sorted(CASE_MODELS))
def test_nothing_beyond_the_contract_slips_out(type_: str) -> None:
    data = {"loan_id": "L-1", "episode": 1, "name": "Zhang San"} | CASE_SAMPLES[type_]
    with pytest.raises(ValueError, match="name"):
        encode_case_event("e-1", type_, "L-1", "2026-11-06T00:00:00+00:00", data)
