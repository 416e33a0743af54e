"""veraPDF, the validator of PDF/A: what of ISO 19005-3 a file breaks. Fetched once a machine."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from recourse.stack.cache import fetch, fill_once

HERE: Final = Path(__file__).parent
VERSION: Final = "1.26.5"
VALID: Final = "valid"


async def _fetched(folder: Path) -> None:
    pom = folder / "pom.xml"
    pom.write_text((HERE / "pom.xml").read_text())
    maven = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    settings = [f"-Dverapdf.version={VERSION}", f"-DoutputDirectory={folder / 'libs'}"]
    await fetch("mvn", [*maven, *settings], seconds=600)


async def validated(files: Sequence[Path]) -> dict[str, str]:
    """Name of each file -> `valid`, or the rules of PDF/A-3b that it breaks. One JVM for all of them.

    Skips the test, by name, where there is no compiler of Java or no Maven to fetch the validator with."""
    lacking = [tool for tool in ("javac", "mvn") if shutil.which(tool) is None]
    if lacking:
        pytest.skip(f"PDF/A was NOT validated, for lack of {', '.join(lacking)}: default-jdk, maven")
    libraries = await fill_once(f"verapdf-{VERSION}", "libs", _fetched)
    command = [
        "java",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{libraries}/*",
        str(HERE / "Validate.java"),
        *map(str, files),
    ]
    ended = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    lines = [line.partition(" ") for line in ended.stdout.splitlines()]
    return {Path(name).name: said for name, _, said in lines}
