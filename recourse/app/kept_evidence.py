"""Checkpoints and time stamps that were kept, here or outside: which of them are believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from recourse.domain.evidence.note import Checkpoint, Note, NoteError, VerifierKey
from recourse.gateways.signing import is_signature
from recourse.gateways.timestamps import StampError, TimestampRoots
from recourse.reading.verifying import Finding, Problem


class NotBelieved(Exception):
    """A file that was named cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """where: the authority or the file that has it. note: the bytes it is over. response: as it was given."""

    where: str
    note: bytes
    response: bytes


@dataclass(frozen=True, slots=True)
class Outside:
    checkpoints: list[Checkpoint]
    stamps: list[Stamp]


@dataclass(frozen=True, slots=True)
class Stamped:
    """The largest tree that a believed stamp is over, and the time it names."""

    size: int
    at: datetime


def believed(note: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """None for a note that none of these keys signed. Raises NoteError for what is no checkpoint."""
    parsed = Note.parse(note)
    signed = any(parsed.signed_by(key, is_signature) for key in keys)
    return Checkpoint.parse(parsed.text) if signed else None


def believed_of(notes: Iterable[str], keys: Sequence[VerifierKey]) -> list[Checkpoint]:
    """Those of the notes that are checkpoints and signed."""
    found = []
    for note in notes:
        try:
            checkpoint = believed(note, keys)
        except NoteError:
            continue
        if checkpoint is not None:
            found.append(checkpoint)
    return found


def outside(paths: Iterable[Path], keys: Sequence[VerifierKey]) -> Outside:
    """Notes, or folders of them, with the time stamps beside them. Raises NotBelieved."""
    files = [file for path in paths for file in (sorted(path.glob("*.note")) if path.is_dir() else [path])]
    found = Outside([], [])
    for file in files:
        try:
            raw = file.read_bytes()
            checkpoint = believed(raw.decode(), keys)
            stamp = file.with_suffix(".tsr")
            if stamp.is_file():
                found.stamps.append(Stamp(str(stamp), raw, stamp.read_bytes()))
        except OSError as error:
            raise NotBelieved(f"{file}: {error.strerror}") from None
        except (NoteError, UnicodeDecodeError) as error:
            raise NotBelieved(f"{file}: {error}") from None
        if checkpoint is None:
            raise NotBelieved(f"{file}: is not signed by any key given; see --key")
        found.checkpoints.append(checkpoint)
    return found


def checked(stamps: Iterable[Stamp], roots: TimestampRoots) -> tuple[list[Finding], Stamped | None]:
    """What is wrong with them, and the best one that is not."""
    findings: list[Finding] = []
    best: Stamped | None = None
    for stamp in stamps:
        try:
            at = roots.stamped_at(stamp.response, stamp.note)
            size = Checkpoint.parse(Note.parse(stamp.note.decode()).text).size
        except (StampError, NoteError, UnicodeDecodeError) as error:
            findings.append(Finding(Problem.BAD_STAMP, detail=f"{stamp.where}: {error}"))
            continue
        if best is None or size > best.size:
            best = Stamped(size, at)
    return findings, best
