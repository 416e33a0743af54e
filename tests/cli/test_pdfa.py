"""What leaves the house as PDF/A-3b is PDF/A-3b: letters of every kind, signed ones, bundles and copies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from recourse.gateways.letter_press import TypstPress
from recourse.gateways.pades import Seal, SignedPress
from recourse.packs.letters import letter_kinds, write
from tests.certificates import issued, written
from tests.cli.conftest import Cli
from tests.cli.conftest import issued as lead_of
from tests.integration.conftest import World
from tests.integration.service.test_letters import sent_by_post
from tests.letters import VALUES
from tests.verapdf import VALID, validated


async def _letters(folder: Path, seal: Seal) -> None:
    others = (("formal_demand", "en"), ("formal_demand", "de"))
    for kind, language in (*product(letter_kinds(), ("zh",)), *others):
        letter = write(kind, language, VALUES, contact="att-1")
        (folder / f"{kind}.{language}.pdf").write_bytes(await TypstPress().press(letter))
    signed = await SignedPress(TypstPress(), seal).press(write("formal_demand", "zh", VALUES, contact="a"))
    (folder / "signed.pdf").write_bytes(signed)


async def _bundles(folder: Path, cli: Cli, world: World, tmp_path: Path, env: dict[str, str]) -> None:
    key, ladders = tmp_path / "ledger", {"RECOURSE_STRATEGIES": str(tmp_path / "ladders")}
    await cli("evidence", "keygen", key, "--name", "ledger.example")
    alone = {"RECOURSE_EXPORT_APPROVAL": "one_person"}
    ledger = {"RECOURSE_EVIDENCE_KEY_FILE": str(key)} | ladders | alone
    await cli("evidence", "seal", **ledger)
    signed: Sequence[tuple[str, dict[str, str]]] = (("plain", ledger), ("signed", ledger | env))
    for (name, given), recipient in product(signed, ("court", "recovery-agency")):
        target = folder / f"bundle-{name}-{recipient}.pdf"
        told = await cli("dossier", "L-1", "--bundle", target, "--for", recipient, **given)
        assert told.exit_code == 0, told.output
    copy = folder / "copy.pdf"
    lead = ladders | {"RECOURSE_TOKEN": (await lead_of(world, "lead")).token}
    assert (await cli("borrowers-copy", "L-1", "--out", copy, **lead)).exit_code == 0


@pytest.mark.timeout(600)
async def test_every_kind_of_file_is_valid_and_a_spoilt_one_is_found(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await sent_by_post(world, tmp_path)
    authority = issued("authority")
    certificate, key = written(tmp_path, "lender", issued("lender", authority), authority)
    env = {"RECOURSE_LETTERS_CERTIFICATE_FILE": str(certificate), "RECOURSE_LETTERS_KEY_FILE": str(key)}
    folder = tmp_path / "pdfa"
    folder.mkdir()
    await _letters(folder, Seal.read(certificate, key))
    await _bundles(folder, cli, world, tmp_path, env)
    whole = (folder / "formal_demand.zh.pdf").read_bytes()
    spoilt = folder / "spoilt.pdf"
    spoilt.write_bytes(whole.replace(b"/AFRelationship", b"/AFRelationshi_", 1))
    assert spoilt.read_bytes() != whole
    found = await validated(sorted(folder.glob("*.pdf")))
    assert len(found) == len(list(folder.glob("*.pdf")))
    assert found.pop("spoilt.pdf").startswith("breaks 6.8-3"), "a file attached without saying what it is"
    assert {name: said for name, said in found.items() if said != VALID} == {}
