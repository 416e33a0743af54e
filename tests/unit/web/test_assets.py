"""What browsers load is what the lock says, and all of it comes from here."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from recourse.web.pages.assets import NAMES, assets
from tests.supply import not_allowed, vendored

STATIC = Path(__file__).parents[3] / "recourse" / "web" / "pages" / "static"
LOCK = json.loads((STATIC / "vendor" / "vendor.lock.json").read_text(encoding="utf-8"))


def test_every_file_of_others_is_the_one_that_was_locked_and_may_be_shipped() -> None:
    locked = {file["name"]: file["sha256"] for package in LOCK["packages"] for file in package["files"]}
    present = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (STATIC / "vendor").iterdir()
    }
    for own in ("vendor.lock.json", "tabler-LICENSE.txt"):
        present.pop(own)
    assert present == locked
    assert not_allowed(vendored()) == []
    assert [one["name"] for one in vendored()] == ["htmx.org", "@tabler/core"]


def test_htmx_stays_on_its_major() -> None:
    """Of version 2 headers on the body reach no form, and refusals are not shown (four.htmx.org)."""
    [htmx] = [one for one in LOCK["packages"] if one["name"] == "htmx.org"]
    assert htmx["version"].startswith("4.")


def test_no_style_or_script_loads_anything_from_elsewhere() -> None:
    for name in NAMES:
        text = assets()[name].content.decode()
        assert not re.findall(r"url\(\s*(?!['\"]?data:)[^)]+\)|@import", text), name


def test_an_address_changes_with_the_bytes() -> None:
    for name, asset in assets().items():
        assert asset.path == f"/static/{hashlib.sha256(asset.content).hexdigest()[:16]}/{name}"
