"""`recourse simulate` as a person types it: exit codes, JSON, and a page that asks nobody for anything."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from recourse.cli import app
from tests.unit.importers.lines import NOBODY, base, book_of

WINDOW = ("--from", "2027-01-01", "--to", "2027-04-30")
PLAIN = ("--strategy", "us_auto", "--book", "synthetic:12", *WINDOW, "--processes", "1")
OTHER = """
id: other
version: "1"
region: US
buckets: [{name: all, from_dpd: 0}]
promise: {}
steps:
  - {id: mail, kind: remind, stage: reminder, day: 9, channel: email, template: reminder_firm}
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)])


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "<b>.yaml"
    path.write_text(OTHER)
    return path


@pytest.fixture
def bureau(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    lines = [base(f"FICT-{n}", status="71", profile="1" + "0" * 23) for n in range(4)]
    path.write_bytes(book_of(*lines).getvalue())
    return path


def test_json_tells_everything_that_is_asked_for(other: Path) -> None:
    result = run(*PLAIN, "--against", other, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (told["loans"], told["days"], told["region"]) == (12, 120, "US")
    assert set(told["strategies"]) == {"A", "B"}
    for part in (
        "contacts", "refusals", "breaches_avoided", "stage_flow", "paid_minor", "cured", "cost_minor",
        "agent_hours", "closed", "promises",
    ):  # fmt: skip
        assert part in told["strategies"]["A"], part
    assert told["difference"]["paired_by"] == "loan"
    assert told["behaviour"]["assumed"] > 0


def test_the_same_command_gives_the_same_bytes() -> None:
    assert run(*PLAIN, "--json").stdout == run(*PLAIN, "--json").stdout


def test_the_table_names_rules_with_their_sources() -> None:
    result = run(*PLAIN)
    assert result.exit_code == 0
    for words in ("12 loans", "breaches avoided", "us_consent", "12 CFR 1006", "assumed", "agent hours"):
        assert words in result.stdout, words


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "action"}]
        self.asked += [tag] if tag in {"script", "link", "iframe", "img", "object"} else []
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_nobody_for_anything(other: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(*PLAIN, "--against", other, "--html", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    reading = Links()
    reading.feed(text)
    assert (reading.asked, reading.open) == ([], [])
    assert not re.findall(r"https?:|@import|url\(", text)
    assert text.count("<svg") >= 6
    assert "策略模拟" in text
    assert "nan" not in text.lower().replace("finance", "")


def test_one_strategy_has_a_page_without_a_difference(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(*PLAIN, "--html", page).exit_code == 0
    assert "B − A" not in page.read_text(encoding="utf-8")


def test_what_stands_in_names_is_written_and_not_obeyed(tmp_path: Path) -> None:
    evil = tmp_path / "evil.yaml"
    evil.write_text(OTHER.replace("id: other", "id: '<script>alert(1)</script>'"))
    page = tmp_path / "page.html"
    result = run("--strategy", evil, *PLAIN[2:], "--html", page)
    assert result.exit_code == 0
    assert "<script" not in page.read_text(encoding="utf-8")


def test_house_rules_bind_a_simulation_as_they_bind_production(tmp_path: Path) -> None:
    house = tmp_path / "house.yaml"
    house.write_text(
        'id: HOUSE\nversion: "1"\ntitle: ours\nregions: []\ncaps:\n'
        "  - {code: house_never_twice, channels: [email, sms, call], counts: attempt, per: person, limit: 1, "
        "window_days: 30, source: {title: ours, mark: primary}}\n"
    )
    free, bound = (
        json.loads(CliRunner().invoke(app, ["simulate", *PLAIN, "--json"], env=env).stdout)["strategies"]["A"]
        for env in ({"RECOURSE_HOUSE_RULES": None}, {"RECOURSE_HOUSE_RULES": str(house)})
    )
    assert "house_never_twice" not in {refusal["rule"] for refusal in free["refusals"]}
    assert "house_never_twice" in {refusal["rule"] for refusal in bound["refusals"]}


def test_a_bureau_file_is_a_book_and_nobody_is_named(bureau: Path) -> None:
    result = run("--strategy", "us_auto", "--book", bureau, *WINDOW, "--processes", "1", "--json")
    told: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["loans"] == 4
    assert told["strategies"]["A"]["cases"] >= 4
    assert not [word for word in (NOBODY, "FICT-") if word in result.output]


def test_a_record_that_cannot_be_read_is_exit_1_and_the_others_are_simulated(tmp_path: Path) -> None:
    path = tmp_path / "spoilt.txt"
    good = base("FICT-1", status="71", profile="1" + "0" * 23)
    path.write_bytes(book_of(good, "UNPARSEABLE" + base("FICT-3")).getvalue())
    result = run("--strategy", "us_auto", "--book", path, *WINDOW, "--processes", "1", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["loans"] == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"--strategy": "nobody"}, "--strategy"),
        ({"--book": "synthetic:0"}, "synthetic:N"),
        ({"--book": "synthetic:many"}, "synthetic:N"),
        ({"--book": "/no/such/file"}, "--book"),
        ({"--to": "2026-12-31"}, "--to"),
        ({"--against": "cn_auto"}, "--region"),
        ({"--region": "FR"}, "--region"),
        ({"--region": "IN"}, "--behaviour"),
        ({"--behaviour": "/no/such/file"}, "--behaviour"),
        ({"--html": "/no/such/folder/page.html"}, "--html"),
    ],
)
def test_a_wrong_option_is_exit_2_and_names_it(changed: dict[str, str], says: str) -> None:
    options = dict(zip(PLAIN[::2], PLAIN[1::2], strict=True)) | changed
    result = run(*(part for option in options.items() for part in option))
    assert result.exit_code == 2
    assert says in result.output
