"""A Chromium for the browser tests. `python -m tests.browser.chromium` sees to it that there is one: Debian's
where apt may install it, with a font for Chinese, else the build that playwright itself fetches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "RECOURSE_CHROMIUM_BIN"


def found() -> str | None:
    """As the variable names it, else on the path; None where playwright's own is used, if any."""
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).exists():
            raise SystemExit(f"{VARIABLE}: {named} is not there; mend the path or unset it")
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> int:
    if found() is not None:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        packages = ("chromium", "fonts-noto-cjk")
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
            waits = ("-o", "DPkg::Lock::Timeout=300")  # for whoever installs something else
            subprocess.run(["apt-get", *waits, *command], check=False, env=quiet, stdout=subprocess.DEVNULL)
        if found() is not None:
            return 0
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if done.returncode:
        sys.stderr.write(f"no Chromium: install one, or name it in {VARIABLE}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(install())
