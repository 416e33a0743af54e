"""Places outside for checkpoints: a folder that only grows, and a witness over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from recourse.domain.evidence.note import Checkpoint, Note, NoteError, Verifier, VerifierKey
from recourse.ports import NotHandedOver, RefusedByProvider

Since = Callable[[int], Awaitable[Sequence[bytes]]]


class FolderAnchor:
    """One file a checkpoint, never written over: for a file system that another administrator owns, or that
    cannot be rewritten (an object store with retention, a tape)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        return f"folder:{self._folder}"

    async def leave(self, note: str, since: Since) -> bytes:
        return await asyncio.to_thread(self._write, note)

    def _write(self, note: str) -> bytes:
        path = self._folder / f"{Checkpoint.parse(Note.parse(note).text).size:020d}.note"
        try:
            if path.exists():
                return self._same(path, note)
            # Whole or not at all: a file that was cut off would be refused for ever.
            unfinished = path.with_suffix(".tmp")
            with unfinished.open("w") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise NotHandedOver(f"folder: {error.strerror}") from None
        return str(path.name).encode()

    def _same(self, path: Path, note: str) -> bytes:
        """Signatures may differ, for keys are changed; the tree may not."""
        if Note.parse(path.read_text()).text != Note.parse(note).text:
            raise RefusedByProvider("another_tree")
        return path.name.encode()


class HttpWitness:
    """Signs a checkpoint once it has seen that the tree only grew. key: the witness's own, to check it."""

    def __init__(self, url: str, key: VerifierKey, verifier: Verifier, *, timeout: float = 15) -> None:
        self._key, self._verifier = key, verifier
        self._client = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=timeout, trust_env=False)
        self._old = 0

    @property
    def place(self) -> str:
        return f"witness:{self._key.name}"

    async def close(self) -> None:
        await self._client.aclose()

    async def leave(self, note: str, since: Since) -> bytes:
        """The witness's signature lines. It says itself how much it knows, where we do not know it."""
        for _ in range(2):
            answer = await self._post(note, await since(self._old))
            if answer.status_code == httpx.codes.CONFLICT and answer.text.strip().isdigit():
                self._old = int(answer.text)
                continue
            break
        if answer.status_code != httpx.codes.OK:
            self._told_apart(answer)
        signed = Note.parse(note)
        try:
            receipt = Note.parse(f"{signed.text}\n{answer.text}")
        except NoteError:
            raise NotHandedOver("witness: an answer that is no signature") from None
        if not receipt.signed_by(self._key, self._verifier):
            raise RefusedByProvider("not_its_key")
        self._old = Checkpoint.parse(signed.text).size
        return answer.text.encode()

    def _told_apart(self, answer: httpx.Response) -> None:
        refused = {httpx.codes.UNPROCESSABLE_ENTITY: "another_tree", httpx.codes.FORBIDDEN: "unknown_key"}
        if code := refused.get(httpx.codes(answer.status_code)):
            raise RefusedByProvider(code)
        raise NotHandedOver(f"witness: status {answer.status_code}")

    async def _post(self, note: str, proof: Sequence[bytes]) -> httpx.Response:
        lines = [f"old {self._old}", *(base64.b64encode(step).decode() for step in proof)]
        try:
            return await self._client.post("/add-checkpoint", content="\n".join(lines) + "\n\n" + note)
        except httpx.HTTPError:
            raise NotHandedOver("witness: no answer") from None
