"""What may be shipped: licences, and answers of an advisory service."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.supply import ROOT, Unfit, not_allowed, told_of


def _component(name: str, *licences: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1", "licenses": list(licences)}


def test_a_licence_that_binds_the_user_is_refused_and_so_is_none() -> None:
    fine = _component("a", {"license": {"id": "MIT"}})
    either = _component("b", {"expression": "Apache-2.0 OR BSD-3-Clause"})
    bound = _component("c", {"license": {"id": "AGPL-3.0-only"}})
    both = _component(
        "d",
        {"license": {"name": "License :: OSI Approved :: MIT License"}},
        {"license": {"id": "GPL-3.0-only"}},
    )
    silent = _component("e")
    assert not_allowed([fine, either]) == []
    assert not_allowed([fine, bound, both, silent]) == [
        "c 1: AGPL-3.0-only",
        "d 1: MIT License, GPL-3.0-only",
        "e 1: none is stated",
    ]


def test_a_known_weakness_stops_and_names_what_mends_it() -> None:
    weak = {"id": "CVE-1", "fix_versions": ["2"]}
    answers: list[dict[str, Any]] = [
        {"name": "a", "version": "1", "vulns": [weak]},
        {"name": "b", "version": "1", "vulns": []},
    ]
    with pytest.raises(Unfit, match="a 1: CVE-1, mended in 2"):
        told_of(answers)
    assert told_of(answers[1:] * 2) == "2 looked up without a known weakness"


def test_it_is_written_by_when_a_weakness_is_mended() -> None:
    """For each who could use it, of ours and of components, a time."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")][1:]
    assert [who.split()[0] for who, *_ in rows] == ["a", "somebody", "nobody"]
    assert all(re.search(r"\d+ days|next release", cell) for _, *cells in rows for cell in cells)


def test_that_nobody_could_be_asked_is_said() -> None:
    unknown = {"name": "a", "version": "1", "skip_reason": "Dependency not found on PyPI"}
    assert "NOT looked up" in told_of([unknown] * 3)
