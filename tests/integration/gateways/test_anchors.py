"""Checkpoints outside: what was left is never written over, and a witness signs only a tree that grew."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from recourse.domain.evidence.merkle import Frontier, consistency_proof, is_consistent, leaf_hash
from recourse.domain.evidence.note import Checkpoint, Note, sign
from recourse.gateways.anchors import FolderAnchor, HttpWitness
from recourse.gateways.signing import Ed25519Signer, is_signature
from recourse.ports import NotHandedOver, RefusedByProvider
from recourse.stack.ports import HOST, choose

LEDGER = Ed25519Signer.new("ledger.example")


@dataclass
class Tree:
    """A ledger of so many entries, told apart by `salt`."""

    size: int
    salt: str = ""
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    frontier: Frontier = field(default_factory=Frontier)

    def __post_init__(self) -> None:
        for number in range(self.size):
            for level, index, found in self.frontier.append(leaf_hash(f"{number}{self.salt}".encode())):
                self.nodes[level, index] = found

    @property
    def note(self) -> str:
        return str(sign(Checkpoint("ledger.example", self.size, self.frontier.root()).text(), [LEDGER]))

    async def since(self, old: int) -> Sequence[bytes]:
        if old in {0, self.size}:
            return []
        return consistency_proof(lambda level, index: self.nodes[level, index], old, self.size)


@dataclass
class Witness:
    """As C2SP tlog-witness says, written from its text; `seen` is what it signed last."""

    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer.new("witness.example"))
    seen: Checkpoint = field(default_factory=lambda: Checkpoint("ledger.example", 0, b""))
    status: int | None = None
    conflict: str | None = None

    async def add(self, request: Request) -> Response:
        if self.status is not None:
            return Response(status_code=self.status)
        if self.conflict is not None:
            return Response(self.conflict, 409)
        head, note_text = (await request.body()).decode().split("\n\n", 1)
        first, *proof = head.split("\n")
        old = int(first.removeprefix("old "))
        note = Note.parse(note_text)
        if not note.signed_by(LEDGER.key, is_signature):
            return Response(status_code=403)
        checkpoint = Checkpoint.parse(note.text)
        if old != self.seen.size:
            return Response(f"{self.seen.size}\n", 409, media_type="text/x.tlog.size")
        path = [base64.b64decode(line) for line in proof]
        if old and not is_consistent(old, checkpoint.size, path, self.seen.root, checkpoint.root):
            return Response(status_code=422)
        self.seen = checkpoint
        return Response(str(sign(note.text, [self.signer]).signatures[0]))


@pytest.fixture
async def witness() -> AsyncIterator[tuple[Witness, str]]:
    one, app = Witness(), FastAPI()
    app.add_api_route("/add-checkpoint", one.add, methods=["POST"])
    port = choose(["witness"], preferred=False)["witness"]
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="error"))
    task = asyncio.create_task(server.serve())
    for _ in range(500):
        if server.started:
            break
        await asyncio.sleep(0.01)
    yield one, f"http://{HOST}:{port}"
    server.should_exit = True
    await task


@pytest.fixture
async def client(witness: tuple[Witness, str]) -> AsyncIterator[HttpWitness]:
    one = HttpWitness(witness[1], witness[0].signer.key, is_signature)
    yield one
    await one.close()


async def test_a_witness_signs_what_it_sees_grow(witness: tuple[Witness, str], client: HttpWitness) -> None:
    for size in (3, 3, 8, 13):
        tree = Tree(size)
        receipt = await client.leave(tree.note, tree.since)
        signed = Note.parse(tree.note + receipt.decode())
        assert signed.signed_by(witness[0].signer.key, is_signature)
        assert signed.signed_by(LEDGER.key, is_signature)
    assert witness[0].seen.size == 13


async def test_whoever_starts_anew_is_told_what_the_witness_knows(witness: tuple[Witness, str]) -> None:
    for size in (5, 9):
        fresh = HttpWitness(witness[1], witness[0].signer.key, is_signature)
        await fresh.leave(Tree(size).note, Tree(size).since)
        await fresh.close()
    assert witness[0].seen.size == 9


async def test_a_tree_that_was_rewritten_is_not_signed(
    witness: tuple[Witness, str], client: HttpWitness
) -> None:
    await client.leave(Tree(5).note, Tree(5).since)
    other = Tree(9, salt="!")
    with pytest.raises(RefusedByProvider, match="another_tree"):
        await client.leave(other.note, other.since)


async def test_an_answer_under_another_key_is_no_receipt(witness: tuple[Witness, str]) -> None:
    expected = Ed25519Signer.new("witness.example").key
    client = HttpWitness(witness[1], expected, is_signature)
    with pytest.raises(RefusedByProvider, match="not_its_key"):
        await client.leave(Tree(2).note, Tree(2).since)
    await client.close()


async def test_a_witness_that_knows_more_than_we_do_is_told_of(
    witness: tuple[Witness, str], client: HttpWitness
) -> None:
    """An old state of ours was restored; there is no proof from a tree that we do not have."""
    await client.leave(Tree(9).note, Tree(9).since)
    for one in (client, HttpWitness(witness[1], witness[0].signer.key, is_signature)):
        with pytest.raises(RefusedByProvider, match="knows_more"):
            await one.leave(Tree(5).note, Tree(5).since)
        await one.close()


@pytest.mark.parametrize("told", ["9" * 5000, "²", "-1", "many"])
async def test_a_witness_that_answers_nonsense_is_asked_again_later(
    witness: tuple[Witness, str], client: HttpWitness, told: str
) -> None:
    witness[0].conflict = told
    with pytest.raises(NotHandedOver, match="no size"):
        await client.leave(Tree(2).note, Tree(2).since)


@pytest.mark.parametrize("status", [500, 429, 404, 299, 599])
async def test_a_witness_in_trouble_is_asked_again_later(
    witness: tuple[Witness, str], client: HttpWitness, status: int
) -> None:
    witness[0].status = status
    with pytest.raises(NotHandedOver, match=str(status)):
        await client.leave(Tree(2).note, Tree(2).since)
    witness[0].status = None
    assert await client.leave(Tree(2).note, Tree(2).since)


async def test_a_witness_that_is_not_there_is_asked_again_later() -> None:
    client = HttpWitness(f"http://{HOST}:1", LEDGER.key, is_signature)
    with pytest.raises(NotHandedOver, match="no answer"):
        await client.leave(Tree(2).note, Tree(2).since)
    await client.close()


async def test_a_folder_keeps_every_checkpoint_and_takes_no_other_of_its_size(tmp_path: Path) -> None:
    folder = FolderAnchor(tmp_path)
    for size in (2, 3, 3):
        await folder.leave(Tree(size).note, Tree(size).since)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{2:020d}.note", f"{3:020d}.note"]
    assert (tmp_path / names[1]).read_text() == Tree(3).note
    with pytest.raises(RefusedByProvider, match="another_tree"):
        await folder.leave(Tree(3, salt="!").note, Tree(3).since)
    assert (tmp_path / names[1]).read_text() == Tree(3).note


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"welcome\n"])
async def test_junk_in_the_place_of_a_checkpoint_is_told_of_and_left_as_it_is(
    tmp_path: Path, junk: bytes
) -> None:
    path = tmp_path / f"{3:020d}.note"
    path.write_bytes(junk)
    with pytest.raises(RefusedByProvider, match="another_tree"):
        await FolderAnchor(tmp_path).leave(Tree(3).note, Tree(3).since)
    assert path.read_bytes() == junk


async def test_a_folder_that_is_away_is_tried_again_later(tmp_path: Path) -> None:
    with pytest.raises(NotHandedOver, match="No such file"):
        await FolderAnchor(tmp_path / "away").leave(Tree(2).note, Tree(2).since)
