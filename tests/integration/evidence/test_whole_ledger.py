"""A ledger of many thousand entries, read in parts by several processes: the same verdict as in one piece."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from recourse.domain.evidence.merkle import Frontier, leaf_hash
from recourse.domain.evidence.note import Checkpoint, sign
from recourse.gateways.signing import Ed25519Signer
from recourse.reading import verify_evidence

SIGNER = Ed25519Signer.new("ledger.example")
CHUNK = 1 << verify_evidence.CHUNK_LEVEL
MANY = verify_evidence.FEW + CHUNK // 2
CHAINS = 3


def written(path: Path, count: int, *, skipped: int | None = None, chain: str = "case") -> list[bytes]:
    """Its lines. skipped: an entry whose place in its chain is one too far, and signed so: whoever keeps the
    ledger has done it himself."""
    frontier, lines, tails = Frontier(), [], dict.fromkeys(range(CHAINS), (0, "00" * 32))
    for index in range(count):
        n, prev = tails[index % CHAINS]
        entry = {
            "chain": f"{chain}-{index % CHAINS}",
            "fields": {"at": f"{index:064x}"},
            "kind": "step",
            "n": n + (index == skipped),
            "prev": prev,
            "ref": str(index),
            "v": 1,
        }
        line = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode()
        made = leaf_hash(line)
        list(frontier.append(made))
        tails[index % CHAINS] = (n + 1 + (index == skipped), made.hex())
        lines.append(line)
    note = str(sign(Checkpoint("ledger.example", count, frontier.root()).text(), [SIGNER]))
    header = json.dumps({"format": verify_evidence.LEDGER, "checkpoint": note, "stamps": []}).encode()
    _write(path, [header, *lines])
    return [header, *lines]


def _write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"\n".join(lines) + b"\n")


def told(path: Path) -> list[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        verify_evidence.main([str(path), str(SIGNER.key)])
    return out.getvalue().splitlines()


@pytest.mark.parametrize("count", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, MANY])
def test_the_parts_make_the_tree_whatever_their_number(tmp_path: Path, count: int) -> None:
    path = tmp_path / "ledger"
    written(path, count)
    assert told(path) == [
        f"GOOD  {count} entries, 0 fields shown, in the signed tree of {count} of ledger.example"
    ]


@pytest.mark.parametrize("index", [0, 7, CHUNK - 1, CHUNK, CHUNK + CHAINS, MANY - 1])
def test_a_chain_that_breaks_is_named_where_it_does_also_between_two_parts(
    tmp_path: Path, index: int
) -> None:
    path = tmp_path / "ledger"
    written(path, MANY, skipped=index)
    bad, verdict = told(path)
    assert bad.startswith(f"BAD   entry {index} (")
    assert bad.endswith("does not follow from the entry before it")
    assert verdict.startswith("BAD   ")


def test_a_last_entry_that_nothing_follows_is_held_by_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    lines = written(path, CHUNK + 5)
    _write(path, [*lines[:-1], lines[-1].replace(b'"at":"00', b'"at":"10')])
    assert told(path)[0] == "BAD   the entries are not those of the signed tree"
    _write(path, lines[:-1])
    assert told(path)[0] == f"BAD   {CHUNK + 5} entries are signed, and there are {CHUNK + 4}"


def test_a_line_that_cannot_be_read_is_named_from_another_process_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    lines = written(path, MANY)
    for content, says in (
        (b"\xff", "is not UTF-8"),
        (b"[]", "must be an object"),
        (lines[9][:-1], "is no JSON"),
    ):
        _write(path, [*lines[:CHUNK], content, *lines[CHUNK + 1 :]])
        (line,) = told(path)
        assert line.startswith(f"cannot be read: line {CHUNK + 1}")
        assert says in line


def test_an_entry_that_is_written_in_an_unusual_way_is_read_as_well(tmp_path: Path) -> None:
    """Quotes and line feeds in an id are escaped, so that the quick way of reading does not know them."""
    path = tmp_path / "ledger"
    written(path, 9, chain='案"\n')
    assert told(path)[-1].startswith("GOOD  9 entries")
    lines = written(path, 9, chain='案"\n')
    _write(path, [*lines[:4], lines[4].replace(b'"n":1', b'"n":2'), *lines[5:]])
    assert r"entry 3 (step 3 of 案" in told(path)[0]
    assert r"\u000a-0): does not follow" in told(path)[0]
