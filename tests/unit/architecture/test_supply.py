"""What may be shipped: licences, and answers of an advisory service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.supply import Unfit, not_allowed, told_of


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


def test_that_nobody_could_be_asked_is_said() -> None:
    unknown = {"name": "a", "version": "1", "skip_reason": "Dependency not found on PyPI"}
    assert "NOT looked up" in told_of([unknown] * 3)
