"""Fetches the scripts and styles that the pages are made of, and checks them against the lock beside them.

    python deploy/vendor.py            # compare what lies here with the lock, and with npm's registry
    python deploy/vendor.py --write    # lay the files down anew, after a version in the lock was changed

They are committed: a build needs no npm, and a reader sees what a browser gets. Needs `npm` only to fetch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "recourse" / "web" / "pages" / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--write", action="store_true", help="lay the files down and renew the lock's digests"
    )
    write = parser.parse_args().write
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    wrong = [problem for package in lock["packages"] for problem in _look_at(package, write=write)]
    if write:
        LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")
    sys.exit("\n".join(wrong) or 0)


def _look_at(package: dict[str, object], *, write: bool) -> list[str]:
    wanted = f"{package['name']}@{package['version']}"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True)
        [packed] = Path(folder).glob("*.tgz")
        wrong = []
        with tarfile.open(packed) as archive:
            for file in package["files"]:  # type: ignore[attr-defined]
                found = archive.extractfile(f"package/{file['from']}")
                if found is None:
                    raise SystemExit(f"{wanted}: {file['from']} is no file")
                content = found.read()
                digest = hashlib.sha256(content).hexdigest()
                if write:
                    (VENDOR / file["name"]).write_bytes(content)
                    file["sha256"] = digest
                elif digest != file["sha256"]:
                    wrong.append(f"{wanted}: {file['from']} is not what the lock says")
                elif (VENDOR / file["name"]).read_bytes() != content:
                    wrong.append(f"{wanted}: {file['name']} was changed here")
    return wrong


if __name__ == "__main__":
    main()
