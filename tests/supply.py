"""`make check`: what an installed Recourse consists of (CycloneDX), its licences, and known weaknesses.

The environment is the one a user gets (`tests/wheel.py` makes it), so tools of development are not in it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SBOM = ROOT / "dist" / "sbom.cdx.json"
VENDORED = ROOT / "recourse" / "web" / "pages" / "static" / "vendor" / "vendor.lock.json"
SCRIPTS = Path(sys.executable).parent
ALLOWED = re.compile(
    r"apache|bsd|mit\b|isc\b|psf|python-2|python software foundation|mpl|mozilla public license",
    re.IGNORECASE,
)
"""Licences that oblige whoever runs or ships Recourse to no more than naming them; of MPL, that its own files
stay what they are."""
GROUPS = {"DFSG approved", "OSI Approved"}
"""Trove classifiers that name no licence."""
STATED_ELSEWHERE = {"protobuf": "BSD-3-Clause", "recourse-collections": "Apache-2.0"}
"""By their LICENSE files, where the metadata say nothing."""
WITHIN = 120
"""Seconds for whoever knows of weaknesses to answer."""


class Unfit(Exception):
    """Something that must not be shipped; its text is the list."""


def check(python: Path) -> str:
    """python: of the environment. Returns one line on what was found. Raises Unfit."""
    components = bill_of_materials(python)
    refused = not_allowed(components)
    if refused:
        raise Unfit("licences that are not allowed: " + "; ".join(refused))
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    known = weaknesses(site.stdout.strip())
    return f"{len(components)} components in {SBOM.relative_to(ROOT)}, licences allowed, {known}"


def bill_of_materials(python: Path) -> Sequence[Mapping[str, Any]]:
    SBOM.parent.mkdir(exist_ok=True)
    told = ("--output-reproducible", "--pyproject", ROOT / "pyproject.toml", "-o", SBOM)
    subprocess.run([SCRIPTS / "cyclonedx-py", "environment", python, *told], check=True)
    bill = json.loads(SBOM.read_text())
    bill["components"] += vendored()
    SBOM.write_text(json.dumps(bill, indent=2) + "\n")
    found: Sequence[Mapping[str, Any]] = bill["components"]
    return found


def vendored() -> list[dict[str, Any]]:
    """What browsers get of others: it lies in the package and no installer knows of it."""
    return [
        {
            "type": "library",
            "name": package["name"],
            "version": package["version"],
            "purl": f"pkg:npm/{package['name'].replace('@', '%40')}@{package['version']}",
            "licenses": [{"license": {"id": package["licence"]}}],
        }
        for package in json.loads(VENDORED.read_text(encoding="utf-8"))["packages"]
    ]


def not_allowed(components: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of several licences to choose from one is enough, and of several that hold together each must be
    allowed; the metadata mix both, so each that is named must be."""
    refused = []
    for one in components:
        licences = [_licence(entry) for entry in one.get("licenses", ())]
        stated = STATED_ELSEWHERE.get(one["name"])
        licences = licences or ([stated] if stated else [])
        named = [name for name in licences if name not in GROUPS]
        if not named or not all(ALLOWED.search(name) and "GPL" not in name for name in named):
            refused.append(f"{one['name']} {one['version']}: {', '.join(named) or 'none is stated'}")
    return refused


def _licence(entry: Mapping[str, Any]) -> str:
    if "expression" in entry:
        return str(entry["expression"])
    licence = entry["license"]
    return (
        str(licence.get("id") or licence["name"]).removeprefix("License :: ").removeprefix("OSI Approved :: ")
    )


def weaknesses(site: str) -> str:
    """One line. Raises Unfit for what is known; that nobody could be asked is said, and is no failure: a
    machine without a way out must still be able to run the tests."""
    command = [str(SCRIPTS / "pip-audit"), "--path", site, "--format", "json", "--progress-spinner", "off"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False)
        dependencies = json.loads(asked.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return "weaknesses NOT looked up: the advisory service cannot be reached"
    return told_of(dependencies)


def told_of(dependencies: Iterable[Mapping[str, Any]]) -> str:
    """What pip-audit answered, as one line. Raises Unfit."""
    looked = [one for one in dependencies if "skip_reason" not in one]
    if len(looked) <= 1:
        return "weaknesses NOT looked up: the advisory service does not know these packages"
    bad = [
        f"{one['name']} {one['version']}: {weak['id']}, mended in {' or '.join(weak['fix_versions']) or '?'}"
        for one in looked
        for weak in one["vulns"]
    ]
    if bad:
        raise Unfit("known weaknesses: " + "; ".join(bad))
    return f"{len(looked)} looked up without a known weakness"
