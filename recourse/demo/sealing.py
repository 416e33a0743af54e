"""The demo's evidence ledger: every row sealed beside the run, and all of it verified at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from recourse.demo.processes import Deployment
from recourse.gateways.signing import Ed25519Signer
from recourse.stack import StackError

SIGNER = "demo.example"


@dataclass(frozen=True, slots=True)
class Ledger:
    """entries: in the tree. outside: checkpoints in the folder. problems: what `verify` found."""

    entries: int
    outside: int
    problems: list[str]


def prepare(home: Path) -> dict[str, str]:
    """A key and a folder for checkpoints; the settings that name them."""
    key, folder = home / "evidence.key", home / "checkpoints"
    Ed25519Signer.new(SIGNER).write(key)
    folder.mkdir()
    return {"RECOURSE_EVIDENCE_KEY_FILE": str(key), "RECOURSE_EVIDENCE_FOLDER": str(folder)}


async def verified(deployment: Deployment) -> Ledger:
    try:
        await deployment.told(("evidence", "seal"))
        found = json.loads(await deployment.told(("evidence", "verify", "--json")))
    except StackError as error:
        return Ledger(0, 0, str(error).splitlines())
    return Ledger(found["size"], found["outside"], [])
