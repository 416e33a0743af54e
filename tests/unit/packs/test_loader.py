"""A pack is read strictly: what is wrong is named by its field, never guessed around."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from recourse.packs.laws import load_law
from recourse.packs.loader import load_packs
from recourse.packs.strategies import load_strategy, load_strategy_file
from recourse.packs.strict import PackError

PACKS = files("recourse.packs")
CN_LAW = (PACKS / "law" / "cn.yaml").read_text(encoding="utf-8")
US_LAW = (PACKS / "law" / "us.yaml").read_text(encoding="utf-8")
CN_LADDER = (PACKS / "strategies" / "cn_auto.yaml").read_text(encoding="utf-8")
Change = Callable[[Any], object]


parsed = functools.cache(functools.partial(yaml.load, Loader=yaml.CSafeLoader))


def broken(text: str, change: Change) -> str:
    value = copy.deepcopy(parsed(text))
    change(value)
    return json.dumps(value, ensure_ascii=False)  # JSON is YAML, and quickly written


BAD_LAWS: dict[str, tuple[Change, str]] = {
    "an unknown key": (lambda p: p.update(hour=[]), r"cn: hour: no such field"),
    "an unknown key inside": (lambda p: p["caps"][1].update(limits=3), r"cn: caps\.1\.limits: no such field"),
    "an unknown key of a source": (
        lambda p: p["hours"][0]["source"].update(url="x"),
        r"cn: hours\.0\.source\.url: no such field",
    ),
    "a missing field": (lambda p: p["caps"][0].pop("limit"), r"cn: caps\.0\.limit: "),
    "no version": (lambda p: p.pop("version"), r"cn: version: "),
    "a rule without a source": (lambda p: p["hours"][0].pop("source"), r"cn: hours\.0\.source: "),
    "a source without a mark": (
        lambda p: p["locate_basis"][0]["source"].pop("mark"),
        r"cn: locate_basis\.0\.source\.mark: ",
    ),
    "an unknown mark": (
        lambda p: p["handover"][0]["source"].update(mark="sure"),
        r"cn: handover\.0\.source\.mark: ",
    ),
    "an unknown channel": (lambda p: p["hours"][0].update(channels=["fax"]), r"cn: hours\.0\.channels"),
    "an unknown role": (lambda p: p["parties"][0].update(roles=["boss"]), r"cn: parties\.0\.roles"),
    "an unknown hold": (lambda p: p["holds"][0].update(reason="mood"), r"cn: holds\.0\.reason: "),
    "no time": (lambda p: p["hours"][0].update(opens="8 o'clock"), r"cn: hours\.0\.opens: "),
    "an hour of no clock": (lambda p: p["hours"][0].update(closes="25:00"), r"cn: hours\.0\.closes: "),
    "a time that YAML reads as a number": (
        lambda p: p["hours"][0].update(closes=22 * 60),
        r"cn: hours\.0\.closes: not a time; write it in quotes",
    ),
    "hours that end before they begin": (
        lambda p: p["hours"][0].update(opens="22:00", closes="08:00"),
        r"cn: hours\.0\.closes: must lie after opens",
    ),
    "hours of no length": (lambda p: p["hours"][0].update(closes="08:00"), r"cn: hours\.0\.closes: "),
    "a cap of nothing": (lambda p: p["caps"][0].update(limit=0), r"cn: caps\.0\.limit: must be 1"),
    "a window of nothing": (lambda p: p["caps"][0].update(window_days=0), r"cn: caps\.0\.window_days: "),
    "a window beyond what is kept in view": (
        lambda p: p["caps"][0].update(window_days=36),
        r"cn: caps\.0\.window_days: must be 1 to 35",
    ),
    "a wait of no days": (
        lambda p: p.update(conversation_waits=[p["handover"][0] | {"days": 0}]),
        r"cn: conversation_waits\.0\.days: ",
    ),
    "a cap's code twice": (
        lambda p: p["caps"].append(p["caps"][0]),
        r"cn: caps: the code cn_connected_calls_per_day stands twice",
    ),
    "a hold's reason twice": (
        lambda p: p["holds"].append(p["holds"][0] | {"code": "again"}),
        r"cn: holds: the reason dispute stands twice",
    ),
    "periods of a rule that overlap": (
        lambda p: p["caps"].append(p["caps"][0] | {"effective_from": "2030-01-01"}),
        r"cn: caps: the code cn_connected_calls_per_day stands twice for the same days",
    ),
    "a period that ends before it begins": (
        lambda p: p["caps"][0].update(effective_from="2026-02-01", effective_to="2026-01-31"),
        r"cn: caps\.cn_connected_calls_per_day\.effective_to: lies before",
    ),
    "an unknown collector": (
        lambda p: p["caps"][0].update(scope={"collectors": ["thug"]}),
        r"cn: caps\.0\.scope\.collectors",
    ),
    "an unknown key of a scope": (
        lambda p: p["caps"][0].update(scope={"collector": []}),
        r"cn: caps\.0\.scope\.collector: no such field",
    ),
    "hours of no channel": (
        lambda p: p["hours"][0].update(channels=[]),
        r"cn: hours\.0\.channels: names none",
    ),
    "a cap of no channel": (lambda p: p["caps"][1].update(channels=[]), r"cn: caps\.1\.channels: names none"),
    "a consent to nothing": (lambda p: p["consent"][0].update(channels=[]), r"cn: consent\.0\.channels: "),
    "a party of nobody": (lambda p: p["parties"][0].update(roles=[]), r"cn: parties\.0\.roles: names none"),
    "a hold that stops nothing": (lambda p: p["holds"][2].update(stops=[]), r"cn: holds\.2\.stops: "),
    "a message that says nothing": (
        lambda p: p["contents"][0].update(contains=[]),
        r"cn: contents\.0\.contains",
    ),
    "a share of the price before nothing": (
        lambda p: p["least_unpaid"][0].update(before=[]),
        r"cn: least_unpaid\.0\.before: names none",
    ),
    "a notice that ends before it is given": (
        lambda p: p["notices"][0].update(wait_days=-1),
        r"cn: notices\.0\.wait_days: must be 0 to 3660",
    ),
    "a notice before the debt is late": (
        lambda p: p["notices"][0].update(earliest_dpd=-5),
        r"cn: notices\.0\.earliest_dpd: must be 0",
    ),
    "a limitation beyond the calendar": (
        lambda p: p["limitation"][0].update(years=10**6),
        r"cn: limitation\.0\.years: must be 1 to 100",
    ),
    "a hold beyond the calendar": (
        lambda p: p["holds"][0].update(days=10**7),
        r"cn: holds\.0\.days: must be 1 to 3660",
    ),
    "a rule without a code": (lambda p: p["hours"][0].pop("code"), r"cn: hours\.0\.code: "),
    "a retention of no years": (lambda p: p["retention"][0].update(years=0), r"cn: retention\.0\.years: "),
}


@pytest.mark.parametrize(("change", "named"), BAD_LAWS.values(), ids=BAD_LAWS.keys())
def test_a_law_pack_with_a_mistake_is_refused_by_its_field(change: Change, named: str) -> None:
    with pytest.raises(PackError, match=named):
        load_law("cn", broken(CN_LAW, change))


def step(pack: Any, step_id: str) -> Any:
    return next(s for s in pack["steps"] if s["id"] == step_id)


BAD_LADDERS: dict[str, tuple[Change, str]] = {
    "an unknown key": (lambda p: p.update(stage="x"), r"l: stage: no such field"),
    "an unknown key of a step": (lambda p: p["steps"][2].update(tier=1), r"l: steps\.2\.tier: no such field"),
    "an unknown key of a bucket": (
        lambda p: p["buckets"][0].update(to=3), r"l: buckets\.buckets\.0\.to: no such field"
    ),
    "an unknown kind": (lambda p: p["steps"][0].update(kind="threat"), r"l: steps\.0\.kind: "),
    "an unknown stage": (lambda p: p["steps"][0].update(stage="court"), r"l: steps\.0\.stage: "),
    "a step without a day": (lambda p: p["steps"][0].pop("day"), r"l: steps\.0\.day: "),
    "a day in words": (lambda p: p["steps"][0].update(day="soon"), r"l: steps\.0\.day: "),
    "an id twice": (lambda p: p["steps"].append(p["steps"][0]), r"l: steps: an id stands twice"),
    "an unknown step in requires": (
        lambda p: step(p, "propose_legal").update(requires=["demand"]),
        r"l: steps\.propose_legal: names the step demand",
    ),
    "an unknown step in fallback_for": (
        lambda p: step(p, "formal_demand_sms").update(fallback_for="demand"),
        r"l: steps\.formal_demand_sms: names the step demand",
    ),
    "an unknown proposal": (
        lambda p: step(p, "handover").update(proposal="x"), r"l: steps\.handover: names the step x"
    ),
    "an approval that is the proposal": (
        lambda p: step(p, "handover").update(approval="propose_legal"), r"l: steps\.handover\.approval: "
    ),
    "an unknown template": (
        lambda p: p["steps"][0].update(template="threat"), r"l: steps\.sms_friendly\.template: .*threat/zh"
    ),
    "a reminder on a channel without texts": (
        lambda p: p["steps"][0].update(channel="call"), r"l: steps\.sms_friendly\.template: .*en\.call"
    ),
    "a reminder without a template": (
        lambda p: p["steps"][0].pop("template"), r"l: steps\.sms_friendly\.template: "
    ),
    "a reminder without a channel": (
        lambda p: p["steps"][0].pop("channel"), r"l: steps\.sms_friendly\.channel: "
    ),
    "a task without a team": (lambda p: step(p, "visit").pop("team"), r"l: steps\.visit\.team: "),
    "a location without a purpose": (
        lambda p: step(p, "locate_vehicle").pop("purpose"), r"l: steps\.locate_vehicle\.purpose: "
    ),
    "a handover without an approval": (
        lambda p: step(p, "handover").pop("approval"), r"l: steps\.handover\.approval: "
    ),
    "a last day before the first": (
        lambda p: p["steps"][0].update(until=0), r"l: steps\.sms_friendly\.until: "
    ),
    "a segment nobody defined": (
        lambda p: p["steps"][0].update(only=["vip"]), r"l: steps\.sms_friendly: names the segment vip"
    ),
    "a segment twice": (
        lambda p: p["segments"].append(p["segments"][0]), r"l: segments: an id stands twice"
    ),
    "a condition that says nothing": (
        lambda p: p["segments"][0].update(when={}), r"l: segments\.0\.when: .*says nothing"
    ),
    "a condition on something unknown": (
        lambda p: p["segments"][0].update(when={"mood": {"min": 1}}),
        r"l: segments\.0\.when\.mood: no such field",
    ),
    "bounds that nothing meets": (
        lambda p: p["steps"][0].update(gate={"installments": {"min": 3, "max": 2}}),
        r"l: steps\.0\.gate\.installments: .*min lies above max",
    ),
    "bounds without a bound": (
        lambda p: p["steps"][0].update(gate={"installments": {}}),
        r"l: steps\.0\.gate\.installments: .*needs min",
    ),
    "a trigger for a step that is not there": (
        lambda p: p["triggers"]["forward"][0].update(steps=["seize"]),
        r"l: triggers\.forward\.first_payment_default: names the step seize",
    ),
    "a trigger that moves nothing": (
        lambda p: p["triggers"]["back"][0].update(steps=[], stages=[]),
        r"l: triggers\.back\.payment: moves nothing",
    ),
    "a trigger of no days": (
        lambda p: p["triggers"]["back"][0].update(days=0), r"l: triggers\.back\.payment\.days: "
    ),
    "a stop that hands to nobody": (
        lambda p: p["stop"][0].update(hand_to="sms_firm"), r"l: stop\.small_balance\.hand_to: must be a task"
    ),
    "a stop that hands to an unknown step": (
        lambda p: p["stop"][0].update(hand_to="x"), r"l: stop\.small_balance: names the step x"
    ),
    "a handover that is something else": (
        lambda p: step(p, "handover").update(move="sale"), r"l: steps\.handover\.move: "
    ),
    "a review that begins something else than the acceleration": (
        lambda p: step(p, "acceleration_review").update(move="sale"), r"l: steps\.acceleration_review\.move: "
    ),
    "a day before the debt is late": (
        lambda p: p["steps"][0].update(day=-3), r"l: steps\.sms_friendly\.day: must be 0 or more"
    ),
    "a task that is never tried": (
        lambda p: step(p, "call_first").update(tries=0), r"l: steps\.call_first\.tries: must be 1"
    ),
    "a task that ends before it begins": (
        lambda p: step(p, "call_first").update(expires_days=-3), r"l: steps\.call_first\.expires_days: "
    ),
    "days to wait below nothing": (
        lambda p: step(p, "propose_legal").update(wait_days=-15), r"l: steps\.propose_legal\.wait_days: "
    ),
    "a promise that is kept by nothing": (
        lambda p: p["promise"].update(min_percent=0), r"l: promise\.min_percent: must be 1 to 100"
    ),
    "an agreement of more than all": (
        lambda p: p.update(agreement={"min_percent": 101}), r"l: agreement\.min_percent: must be 1 to 100"
    ),
    "a circle of requirements": (
        lambda p: step(p, "propose_legal").update(requires=["approve_legal"]), r"wait for each other"
    ),
    "buckets that do not start at 0": (lambda p: p["buckets"].pop(0), r"l: buckets.*must start at 0"),
    "buckets that fall": (lambda p: p["buckets"].reverse(), r"l: buckets.*rise strictly"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "named"), BAD_LADDERS.values(), ids=BAD_LADDERS.keys())
def test_a_ladder_with_a_mistake_is_refused_by_its_field(change: Change, named: str) -> None:
    with pytest.raises(PackError, match=named):
        load_strategy("l", broken(CN_LADDER, change))


@pytest.mark.parametrize("text", ["", "- a", "just words", "id: [", "\t:", "id: CN"])
def test_a_file_that_is_no_pack_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(PackError, match=r"^file: "):
        load_law("file", text)
    with pytest.raises(PackError, match=r"^file: "):
        load_strategy("file", text)


def test_a_key_that_stands_twice_is_refused_because_the_first_would_be_lost() -> None:
    with pytest.raises(PackError, match=r"hours: stands twice"):
        load_law("cn", f"{CN_LAW}\nhours: []\n")


def test_the_unbroken_packs_load() -> None:
    assert load_law("cn", broken(CN_LAW, lambda p: p)).name == load_packs().laws["CN"].name
    assert load_strategy("l", CN_LADDER) == load_packs().default_strategy("CN")


def test_a_ladder_may_come_from_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(broken(CN_LADDER, lambda p: p.update(id="own")), encoding="utf-8")
    assert load_strategy_file(file).id == "own"
    file.write_text("id: own", encoding="utf-8")
    with pytest.raises(PackError, match=r"own\.yaml: "):
        load_strategy_file(file)
