"""The program for strangers agrees with ours on everything it checks, and believes nothing that is not so."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from recourse.domain.evidence.entry import GENESIS, sealed, shown
from recourse.domain.evidence.merkle import Frontier, inclusion_proof
from recourse.domain.evidence.note import Checkpoint, sign
from recourse.gateways.signing import Ed25519Signer
from recourse.reading import verify_evidence
from recourse.storage.vault import Keys, Place

PROGRAM = Path(verify_evidence.__file__)
SIGNER = Ed25519Signer.new("ledger.example")
ROWS: list[dict[str, Any]] = [
    {"at": "2026-11-06T04:00:00+00:00", "reason": "短信已发", "decision": 1, "share": 0.1, "code": None},
    {"at": "2026-11-07T04:00:00+00:00", "reason": "a call", "decision": 2, "share": 1e-7, "code": "done"},
    {"at": "2026-11-08T04:00:00+00:00", "reason": "a visit", "decision": 3, "share": 1e21, "code": "done"},
]


def proof(names: list[str] | None = None, rows: list[dict[str, Any]] = ROWS) -> dict[str, Any]:
    frontier, nodes, entries, prev = Frontier(), {}, [], GENESIS
    for n, row in enumerate(rows):
        about = {"chain": "case-L-1-1", "kind": "step", "ref": str(n)}
        entry = sealed(rfc8785.dumps, n=n, prev=prev, fields=row, secret=bytes([n]) * 32, **about)
        prev = entry.hash(rfc8785.dumps)
        for level, index, found in frontier.append(prev):
            nodes[level, index] = found
        entries.append(entry)
    text = Checkpoint("ledger.example/evidence", frontier.size, frontier.root()).text()
    return {
        "format": verify_evidence.PROOF,
        "checkpoint": str(sign(text, [SIGNER])),
        "entries": [
            {
                "index": n,
                "entry": entry.to_json(),
                "path": [p.hex() for p in inclusion_proof(lambda lv, i: nodes[lv, i], n, frontier.size)],
                "shown": [
                    {"name": f.name, "value": f.value, "salt": f.salt.hex()}
                    for f in shown(rows[n], bytes([n]) * 32, names if names is not None else rows[n])
                ],
            }
            for n, entry in enumerate(entries)
        ],
    }


def run(path: Path, key: str) -> subprocess.CompletedProcess[str]:
    """As a stranger would: isolated from every package."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(path), key]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)


def written(tmp_path: Path, what: Any) -> Path:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(what, ensure_ascii=False))
    return path


def test_a_good_proof_is_good_without_any_package(tmp_path: Path) -> None:
    result = run(written(tmp_path, proof()), str(SIGNER.key))
    assert (result.returncode, result.stdout) == (
        0,
        "GOOD  3 entries, 15 fields shown, in the signed tree of 3 of ledger.example/evidence\n",
    )


def test_what_is_not_shown_is_not_in_the_proof_and_it_stays_good(tmp_path: Path) -> None:
    path = written(tmp_path, proof(["at"]))
    assert "短信已发" not in path.read_text()
    assert run(path, str(SIGNER.key)).returncode == 0


def _edit(found: dict[str, Any], *path: Any, to: Any) -> None:
    for key in path[:-1]:
        found = found[key]
    found[path[-1]] = to


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (
            ("entries", 1, "shown", 1, "value"),
            "another call",
            "1 (step 1 of case-L-1-1): reason is not",
        ),
        (("entries", 1, "shown", 0, "salt"), "00" * 32, "at is not what was sealed"),
        (("entries", 1, "shown", 0, "name"), "made_up", "made_up is not what was sealed"),
        (("entries", 2, "entry", "ref"), "7", "does not stand in the signed tree"),
        (("entries", 2, "entry", "prev"), "00" * 32, "does not follow"),
        (("entries", 2, "index"), 1, "does not stand in the signed tree"),
        (("entries", 0, "path"), [], "does not stand in the signed tree"),
    ],
)
def test_whatever_is_changed_is_named(tmp_path: Path, path: tuple[Any, ...], to: Any, says: str) -> None:
    changed = copy.deepcopy(proof())
    _edit(changed, *path, to=to)
    result = run(written(tmp_path, changed), str(SIGNER.key))
    assert result.returncode == 1
    assert says in result.stdout
    assert result.stdout.splitlines()[-1].startswith("BAD   3 entries")


PLACE = Place("contact_attempt", "content", "att-1", ("person:C-1", "loan:L-1"))
KEYS = Keys({"person:C-1": bytes(32), "loan:L-1": bytes(range(32))}, frozenset())


def _with_text() -> dict[str, Any]:
    """Of a row with an encrypted value, whose text is shown beside it."""
    envelope = KEYS.seal(PLACE, "我明天还款")
    assert envelope is not None
    opening = KEYS.opening(PLACE, envelope)
    assert opening is not None
    found = proof(rows=[{"id": "att-1", "content_sealed": f"\\x{envelope.hex()}"}])
    found["entries"][0]["shown"][1] |= {"text": "我明天还款", "opening": opening.hex()}
    return found


def test_the_text_of_an_encrypted_value_is_checked_without_its_key(tmp_path: Path) -> None:
    assert run(written(tmp_path, _with_text()), str(SIGNER.key)).returncode == 0


@pytest.mark.parametrize(
    ("member", "to"), [("text", "我后天还款"), ("opening", "11" * 32), ("text", ""), ("opening", "00" * 32)]
)
def test_another_text_is_not_the_one_in_the_envelope(tmp_path: Path, member: str, to: str) -> None:
    changed = _with_text()
    changed["entries"][0]["shown"][1][member] = to
    result = run(written(tmp_path, changed), str(SIGNER.key))
    assert (result.returncode, "its text is not the one in the sealed envelope" in result.stdout) == (1, True)


def test_a_text_beside_a_value_that_is_no_envelope_is_not_believed(tmp_path: Path) -> None:
    changed = _with_text()
    changed["entries"][0]["shown"][0] |= {"text": "x", "opening": "00" * 32}
    result = run(written(tmp_path, changed), str(SIGNER.key))
    assert (result.returncode, "its text is not the one in the sealed envelope" in result.stdout) == (1, True)


def test_an_entry_that_was_left_out_is_missed_by_the_next_one(tmp_path: Path) -> None:
    less = proof()
    del less["entries"][1]
    result = run(written(tmp_path, less), str(SIGNER.key))
    assert "entry 2 (step 2 of case-L-1-1): does not follow from the entry before it" in result.stdout


def test_another_key_and_a_forged_checkpoint_are_not_believed(tmp_path: Path) -> None:
    other = Ed25519Signer.new("ledger.example")
    assert "not signed by this key" in run(written(tmp_path, proof()), str(other.key)).stdout
    forged = proof()
    forged["checkpoint"] = forged["checkpoint"].replace("\n3\n", "\n4\n")
    assert "not signed by this key" in run(written(tmp_path, forged), str(SIGNER.key)).stdout


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "recourse-evidence-proof/1"}', '"x"'])
def test_what_is_no_proof_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "proof.json"
    path.write_text(text)
    result = run(path, str(SIGNER.key))
    assert (result.returncode, result.stdout) == (2, "")
    assert "cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_that_is_none_cannot_be_read(tmp_path: Path) -> None:
    result = run(written(tmp_path, proof()), "nonsense")
    assert result.returncode == 2
    assert "KEY" in result.stderr


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
@example({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7})
@example([333333333.33333329, 1e30, 4.5, 2e-3, 1e-27, -0.0, 1e21, 1e-6, 123456789.125])
def test_its_canonical_json_is_that_of_the_library(value: Any) -> None:
    assert verify_evidence.canonical(value) == rfc8785.dumps(value)


@given(st.binary(max_size=40))
def test_its_ed25519_is_that_of_the_library(message: bytes) -> None:
    signature = SIGNER.sign(message)
    assert verify_evidence.is_signature(SIGNER.key.public, message, signature)
    assert not verify_evidence.is_signature(SIGNER.key.public, message + b"!", signature)
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    assert not verify_evidence.is_signature(SIGNER.key.public, message, flipped)


# RFC 8032, section 7.1, tests 2 and 3.
@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_the_published_signatures_are_good(public: str, message: str, signature: str) -> None:
    raw = [bytes.fromhex(text) for text in (public, message, signature)]
    assert verify_evidence.is_signature(*raw)
