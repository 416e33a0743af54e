"""Places outside for checkpoints: a folder that only grows, and a witness over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from recourse.domain.evidence.note import Checkpoint, Note, NoteError, Verifier, VerifierKey
from recourse.gateways.bounded import Answer, posted
from recourse.gateways.whole_file import put
from recourse.ports import NotHandedOver, RefusedByProvider

Since = Callable[[int], Awaitable[Sequence[bytes]]]
_LONGEST_SIZE = 19
"""Digits of a size that a database can hold."""


class FolderAnchor:
    """One file a checkpoint, never written over, and one beside it for a time stamp: for a file system that
    another administrator owns, or that cannot be rewritten (an object store with retention, a tape)."""

    every = timedelta()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        return f"folder:{self._folder}"

    async def leave(self, note: str, since: Since) -> bytes:
        return await self.leave_note(note)

    async def leave_note(self, note: str) -> bytes:
        return await asyncio.to_thread(self._leave, note)

    async def leave_stamp(self, note: str, response: bytes) -> bytes:
        """Both, for the checkpoint that was stamped may have been passed over while the folder was away."""
        return await asyncio.to_thread(self._leave_stamp, note, response)

    def _leave(self, note: str) -> bytes:
        return self._write(f"{_size(note):020d}.note", note.encode(), _same_tree, "another_tree")

    def _leave_stamp(self, note: str, response: bytes) -> bytes:
        self._leave(note)
        return self._write(f"{_size(note):020d}.tsr", response, bytes.__eq__, "another_stamp")

    def _write(self, name: str, content: bytes, same: Callable[[bytes, bytes], bool], other: str) -> bytes:
        path = self._folder / name
        try:
            if path.exists():
                if not same(path.read_bytes(), content):
                    raise RefusedByProvider(other)
                return name.encode()
            put(path, content)  # one that was cut off would be refused for ever
        except OSError as error:
            raise NotHandedOver(f"folder: {error.strerror}") from None
        return name.encode()


def _size(note: str) -> int:
    return Checkpoint.parse(Note.parse(note).text).size


def _same_tree(there: bytes, note: bytes) -> bool:
    """Signatures may differ, for keys are changed; the tree may not."""
    try:
        return Note.parse(there.decode()).text == Note.parse(note.decode()).text
    except (NoteError, UnicodeDecodeError):
        return False


def witness_place(key: VerifierKey) -> str:
    return f"witness:{key.name}"


class HttpWitness:
    """Signs a checkpoint once it has seen that the tree only grew. key: the witness's own, to check it."""

    every = timedelta()

    def __init__(self, url: str, key: VerifierKey, verifier: Verifier, *, timeout: float = 15) -> None:
        self._key, self._verifier, self._timeout = key, verifier, timeout
        self._client = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=timeout, trust_env=False)
        self._old = 0

    @property
    def place(self) -> str:
        return witness_place(self._key)

    async def close(self) -> None:
        await self._client.aclose()

    async def leave(self, note: str, since: Since) -> bytes:
        """The witness's signature lines. It says itself how much it knows, where we do not know it."""
        signed = Note.parse(note)
        size = Checkpoint.parse(signed.text).size
        for _ in range(2):
            if self._old > size:
                # We were put back to an old state, or it signed another tree of this name.
                raise RefusedByProvider("knows_more")
            answer = await self._post(note, await since(self._old))
            if answer.status != httpx.codes.CONFLICT:
                break
            self._old = _told_size(answer.content)
        if answer.status != httpx.codes.OK:
            _told_apart(answer.status)
        self._check(signed, answer.content)
        self._old = size
        return answer.content

    def _check(self, signed: Note, lines: bytes) -> None:
        try:
            receipt = Note.parse(f"{signed.text}\n{lines.decode()}")
        except (NoteError, UnicodeDecodeError):
            raise NotHandedOver("witness: an answer that is no signature") from None
        if not receipt.signed_by(self._key, self._verifier):
            raise RefusedByProvider("not_its_key")

    async def _post(self, note: str, proof: Sequence[bytes]) -> Answer:
        lines = [f"old {self._old}", *(base64.b64encode(step).decode() for step in proof)]
        body = ("\n".join(lines) + "\n\n" + note).encode()
        return await posted(
            self._client, "/add-checkpoint", body, who="witness", within=self._timeout, headers={}
        )


def _told_size(content: bytes) -> int:
    """Of a witness's answer that our idea of what it knows is wrong."""
    text = content.strip()
    if not text.isdigit() or len(text) > _LONGEST_SIZE:
        raise NotHandedOver("witness: an answer that is no size")
    return int(text)


def _told_apart(status: int) -> None:
    refused: dict[int, str] = {
        httpx.codes.UNPROCESSABLE_ENTITY: "another_tree",
        httpx.codes.FORBIDDEN: "unknown_key",
    }
    if code := refused.get(status):
        raise RefusedByProvider(code)
    raise NotHandedOver(f"witness: status {status}")
