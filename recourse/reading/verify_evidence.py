#!/usr/bin/env python3
"""Check evidence out of Recourse. Needs Python 3.9 or newer and nothing else: no network, no packages.

    python3 verify_evidence.py FILE KEY [FOLDER]

FILE: what `recourse evidence prove` wrote: a proof about a case or a loan, or all entries of the ledger. KEY:
the public key of whoever signs the checkpoints, as they published it, such as `ledger.example+1a2b3c4d+Ab..`.
Take it from them, never from the file. FOLDER: where time stamps are written to be checked with OpenSSL.

It says of each entry whether it stands in the signed tree, follows from the one before it, and holds the
values shown; and of each time stamp which time it names and whether it is over this tree. Who signed a time
stamp it does not check: for that it prints a command. It cannot know of entries at the end of a chain that
the file leaves out. Exit 0 when all is well, 1 when something is not, 2 when the input cannot be read.

Written apart from Recourse's own code, so that each checks the other: RFC 6962 and RFC 9162 (tree), RFC 8785
(canonical JSON), RFC 8032 (Ed25519), RFC 3161 (time stamps), C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import multiprocessing
import os
import re
import sys
from typing import Any, BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Tuple

PROOF = "recourse-evidence-proof/1"
LEDGER = "recourse-evidence-ledger/1"


class Unreadable(Exception):
    """The input is not evidence, or not a key; its text names the field."""


# Ed25519 (RFC 8032, section 5.1), verification only

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


Point = Tuple[int, int, int, int]
"""In extended coordinates."""


def point(x: int, y: int) -> Point:
    return (x, y, 1, x * y % P)


def add(a: Point, b: Point) -> Point:
    u, v = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = v - u, d - c, d + c, v + u
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar: int, one: Point) -> Point:
    found = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = add(found, one)
        one, scalar = add(one, one), scalar >> 1
    return found


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decoded(raw: bytes) -> Optional[Point]:
    """None for what is no point."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return point(P - x if x & 1 != sign else x, y)


BASE = decoded((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    key, r, s = decoded(public), decoded(signature[:32]), int.from_bytes(signature[32:], "little")
    if BASE is None or key is None or r is None or s >= L:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(hashed, "little") % L
    return same(times(s, BASE), add(r, times(challenge, key)))


# Canonical JSON (RFC 8785)


def canonical(value: Any) -> bytes:
    return text_of(value).encode()


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(text_of(name) + ":" + text_of(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(text_of(one) for one in value) + "]"
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """As ECMAScript writes it: Python's digits are the same, its exponents are not."""
    if not math.isfinite(value):
        raise ValueError("a number that JSON does not have")
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point_at = len(whole) + int(exponent or 0) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point_at <= 21:
        part = digits[point_at:]
        shown = digits[:point_at].ljust(point_at, "0") + ("." + part if part else "")
    elif -6 < point_at <= 0:
        shown = "0." + "0" * -point_at + digits
    else:
        sign = "+" if point_at > 0 else "-"
        shown = digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{sign}{abs(point_at - 1)}"
    return ("-" if value < 0 else "") + shown


# The tree (RFC 9162, sections 2.1.3.2 and 2.1.4.2)


def leaf(canonical_entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + canonical_entry).digest()


def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def is_included(found: bytes, index: int, size: int, path: List[bytes], root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    last = size - 1
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = parent(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = parent(found, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def has_grown(old: int, new: int, path: List[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `new` entries begins with that of `old`."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    hashes = [old_root, *path] if old & (old - 1) == 0 else path
    if not hashes:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = new_found = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, new_found = parent(sibling, old_found), parent(sibling, new_found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_found = parent(new_found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


Peaks = List[Tuple[int, bytes]]
"""Perfect subtrees side by side, the largest first, as level and hash."""


def grow(peaks: Peaks, level: int, found: bytes) -> None:
    while peaks and peaks[-1][0] == level:
        level, found = level + 1, parent(peaks.pop()[1], found)
    peaks.append((level, found))


def root_of(peaks: Peaks) -> bytes:
    if not peaks:
        return hashlib.sha256(b"").digest()
    found = peaks[-1][1]
    for _, left in reversed(peaks[:-1]):
        found = parent(left, found)
    return found


# Reading: every field is what it must be before anything is believed of it

HASH = re.compile("[0-9a-f]{64}")
MOST = 2**53
"""Whole numbers beyond are no numbers of RFC 8785."""


def taken(value: Any, where: str, kind: Any, what: str) -> Any:
    if not isinstance(value, kind) or (kind is int and (isinstance(value, bool) or not 0 <= value < MOST)):
        raise Unreadable(where + ": must be " + what)
    return value


def text_at(value: Any, where: str) -> str:
    found: str = taken(value, where, str, "a text")
    if not found.isascii() and any("\ud800" <= char <= "\udfff" for char in found):
        raise Unreadable(where + ": half a character")
    return found


def hash_at(value: Any, where: str) -> str:
    found = text_at(value, where)
    if not HASH.fullmatch(found):
        raise Unreadable(where + ": must be 64 digits from 0 to f")
    return found


def member(of: Any, name: str, where: str) -> Any:
    if name not in taken(of, where or "the file", dict, "an object"):
        raise Unreadable((where + "." if where else "") + name + ": missing")
    return of[name]


def list_at(of: Any, name: str, where: str) -> List[Any]:
    found: List[Any] = taken(member(of, name, where), (where + "." if where else "") + name, list, "a list")
    return found


def hashes_at(of: Any, name: str, where: str) -> List[bytes]:
    found = list_at(of, name, where)
    return [bytes.fromhex(hash_at(one, f"{where}.{name}[{n}]")) for n, one in enumerate(found)]


def json_of(raw: bytes, where: str) -> Any:
    """As strict as RFC 8785 wants it: what another reader could read otherwise is refused."""

    def once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unreadable(where + ": a name stands twice in one object")
        return found

    def never(text: str) -> Any:
        raise Unreadable(where + ": " + text + " is no number of JSON")

    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=once, parse_constant=never)
    except UnicodeDecodeError:
        raise Unreadable(where + ": is not UTF-8") from None
    except RecursionError:
        raise Unreadable(where + ": is nested too deeply") from None
    except ValueError:
        raise Unreadable(where + ": is no JSON") from None


def bytes_at(encoded: str, where: str) -> bytes:
    try:
        raw = base64.b64decode(encoded.encode("ascii"), validate=True)
    except ValueError:
        raise Unreadable(where + ": must be base64") from None
    if base64.b64encode(raw).decode() != encoded:
        raise Unreadable(where + ": must be base64 in its one written form")
    return raw


class Entry(NamedTuple):
    chain: str
    n: int
    kind: str
    ref: str
    prev: str
    fields: Dict[str, str]


def entry_of(raw: Any, where: str) -> Entry:
    if member(raw, "v", where) != 1 or len(raw) != 7:
        raise Unreadable(where + ".v: must be 1, with no fields but those of that version")
    chain, kind, ref = (
        text_at(member(raw, name, where), where + "." + name) for name in ("chain", "kind", "ref")
    )
    n = taken(member(raw, "n", where), where + ".n", int, "a whole number")
    fields = taken(member(raw, "fields", where), where + ".fields", dict, "an object")
    for name, found in fields.items():
        hash_at(found, where + ".fields." + text_at(name, where + ".fields"))
    return Entry(chain, n, kind, ref, hash_at(member(raw, "prev", where), where + ".prev"), fields)


def told(text: str) -> str:
    """For the screen: a text out of the file must not write lines of its own."""
    return "".join(char if char.isprintable() else "\\u%04x" % ord(char) for char in text)


# The signed words (C2SP)


def parsed_key(text: str) -> Tuple[str, bytes, bytes]:
    """Name, id and the 32 bytes."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
    except ValueError:
        raise Unreadable("KEY: must read name+id+base64") from None
    raw = bytes_at(encoded, "KEY")
    expected = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] != 1 or expected.hex() != key_id:
        raise Unreadable("KEY: is no Ed25519 key of a signed note, or was copied wrongly")
    return name, expected, raw[1:]


class Checkpoint(NamedTuple):
    """note: all of it, as it is stamped. text: what is signed. signatures: name; key id and signature."""

    note: bytes
    text: bytes
    signatures: List[Tuple[str, bytes]]
    origin: str
    size: int
    root: bytes


def checkpoint_of(raw: Any, where: str) -> Checkpoint:
    note = text_at(raw, where)
    body, gap, signed = note.rpartition("\n\n")
    lines = (body + "\n").split("\n")
    if not gap or len(lines) < 4 or not signed.endswith("\n"):
        raise Unreadable(where + ": a text of three lines, an empty line and signatures were expected")
    if not re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]) or int(lines[1]) >= MOST:
        raise Unreadable(where + ": its second line must be a size")
    root = bytes_at(lines[2], where + ": its third line")
    if len(root) != 32:
        raise Unreadable(where + ": its third line must be a root of 32 bytes")
    signatures = []
    for line in signed[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "\u2014" or not name or not encoded:
            raise Unreadable(where + ": a signature line must read: dash, name, base64")
        signatures.append((name, bytes_at(encoded, where + ": a signature")))
    return Checkpoint(note.encode(), (body + "\n").encode(), signatures, lines[0], int(lines[1]), root)


def is_signed(checkpoint: Checkpoint, key: str) -> bool:
    name, key_id, public = parsed_key(key)
    mine = [raw[4:] for signer, raw in checkpoint.signatures if signer == name and raw[:4] == key_id]
    return any(is_signature(public, checkpoint.text, signature) for signature in mine)


# Time stamps (RFC 3161, section 2.4.2), as far as they can be read without a library

SHA2 = {"608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512"}
SIGNED_DATA, TIME_STAMP = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")
SEQUENCE, SET, INTEGER, OCTETS, OID, TIME, FIRST = 0x30, 0x31, 0x02, 0x04, 0x06, 0x18, 0xA0


def inside(raw: bytes, *tags: int) -> List[bytes]:
    """The contents of the DER elements with these tags, which stand one after the other; more may follow."""
    found, at = [], 0
    for tag in tags:
        length, start = (raw[at + 1], at + 2) if at + 1 < len(raw) else (0, at)
        if length >= 0x80:
            start += length & 0x7F
            length = int.from_bytes(raw[at + 2 : start], "big") if length in (0x81, 0x82, 0x83) else len(raw)
        if raw[at : at + 1] != bytes([tag]) or start == at or start + length > len(raw):
            raise ValueError("not the element that was expected")
        found.append(raw[start : start + length])
        at = start + length
    return found


class Stamp(NamedTuple):
    checkpoint: Checkpoint
    consistency: List[bytes]
    response: bytes
    time: str
    is_over: bool


def stamp_of(raw: Any, where: str) -> Stamp:
    checkpoint = checkpoint_of(member(raw, "checkpoint", where), where + ".checkpoint")
    path = hashes_at(raw, "consistency", where)
    response = bytes_at(text_at(member(raw, "response", where), where + ".response"), where + ".response")
    try:
        time, is_over = read_stamp(response, checkpoint.note)
    except ValueError as error:
        raise Unreadable(where + ".response: is no granted time stamp: " + str(error)) from None
    return Stamp(checkpoint, path, response, time, is_over)


def read_stamp(response: bytes, message: bytes) -> Tuple[str, bool]:
    """The time that it names, and whether it is over this message. Raises ValueError."""
    (whole,) = inside(response, SEQUENCE)
    status, token = inside(whole, SEQUENCE, SEQUENCE)
    if inside(status, INTEGER) not in ([b"\0"], [b"\1"]):
        raise ValueError("its status is not granted")
    kind, content = inside(token, OID, FIRST)
    (signed,) = inside(content, SEQUENCE)
    _, _, held = inside(signed, INTEGER, SET, SEQUENCE)
    what, octets = inside(held, OID, FIRST)
    if (kind, what) != (SIGNED_DATA, TIME_STAMP):
        raise ValueError("it is something else that was signed")
    (info,) = inside(inside(octets, OCTETS)[0], SEQUENCE)
    _, _, imprint, _, time = inside(info, INTEGER, OID, SEQUENCE, INTEGER, TIME)
    algorithm, digest = inside(imprint, SEQUENCE, OCTETS)
    name = SHA2.get(inside(algorithm, OID)[0].hex())
    if name is None:
        raise ValueError("its digest is not of SHA-2")
    return written_time(time), hashlib.new(name, message).digest() == digest


def written_time(raw: bytes) -> str:
    parts = re.fullmatch(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z", raw)
    if parts is None:
        raise ValueError("its time is none of RFC 3161")
    year, month, day, hour, minute, second = (one.decode() for one in parts.groups())
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def stamps_of(raw: Any) -> List[Stamp]:
    found = list_at(raw, "stamps", "") if "stamps" in raw else []
    return [stamp_of(one, f"stamps[{n}]") for n, one in enumerate(found)]


def bad_stamps(stamps: List[Stamp], checkpoint: Checkpoint) -> Iterator[str]:
    for stamp in stamps:
        old = stamp.checkpoint
        about = f"the time stamp of {stamp.time} over the first {old.size} entries"
        if not stamp.is_over:
            yield about + ": is not over its checkpoint"
        if not has_grown(old.size, checkpoint.size, stamp.consistency, old.root, checkpoint.root):
            yield about + ": its tree is not how the signed tree began"


# A proof


Tails = Dict[str, Tuple[int, str]]
"""chain -> what its next entry must say: its place, and the hash of the one before it."""
START = (0, "00" * 32)


def about(index: int, entry: Entry) -> str:
    return f"entry {index} ({told(entry.kind)} {told(entry.ref)} of {told(entry.chain)})"


class Result(NamedTuple):
    """problems: in words, the first bad entry first. indexes: of the entries; empty for all of the ledger."""

    problems: List[str]
    checkpoint: Checkpoint
    stamps: List[Stamp]
    entries: int
    shown: int
    indexes: List[int]


LOOSE = ": does not follow from the entry before it"
NOT_SIGNED = "the checkpoint is not signed by this key"


def proved(proof: Any, key: str) -> Result:
    checkpoint = checkpoint_of(member(proof, "checkpoint", ""), "checkpoint")
    stamps, problems, tails, shown = stamps_of(proof), [], {}, 0  # type: List[Stamp], List[str], Tails, int
    entries, indexes = list_at(proof, "entries", ""), []
    if not entries:
        raise Unreadable("entries: there are none")
    for at, one in enumerate(entries):
        where = f"entries[{at}]"
        entry = entry_of(member(one, "entry", where), where + ".entry")
        index = taken(member(one, "index", where), where + ".index", int, "a whole number")
        made, path = leaf(canonical(one["entry"])), hashes_at(one, "path", where)
        if not is_included(made, index, checkpoint.size, path, checkpoint.root):
            problems.append(about(index, entry) + ": does not stand in the signed tree")
        if (entry.n, entry.prev) != tails.get(entry.chain, START):
            problems.append(about(index, entry) + LOOSE)
        tails[entry.chain] = (entry.n + 1, made.hex())
        for n, field in enumerate(list_at(one, "shown", where)):
            name = differs(entry, field, f"{where}.shown[{n}]")
            problems += [about(index, entry) + ": " + told(name) + " is not what was sealed"] if name else []
            if "text" in field and not holds_text(field, f"{where}.shown[{n}]"):
                problems.append(about(index, entry) + ": its text is not the one in the sealed envelope")
            shown += 1
        indexes.append(index)
    problems += bad_stamps(stamps, checkpoint)
    if not is_signed(checkpoint, key):
        problems = [NOT_SIGNED]
    return Result(problems, checkpoint, stamps, len(entries), shown, indexes)


def differs(entry: Entry, field: Any, where: str) -> str:
    """The field's name when its value is not the sealed one, else an empty text."""
    name, value = text_at(member(field, "name", where), where + ".name"), member(field, "value", where)
    salt = hash_at(member(field, "salt", where), where + ".salt")
    try:
        made = hashlib.sha256(canonical([salt, name, value])).hexdigest()
    except (ValueError, RecursionError):
        raise Unreadable(where + ".value: has no canonical form") from None
    return "" if entry.fields.get(name) == made else name or "a field without a name"


VERSION_AND_SALT, ENVELOPE_HEAD = 17, 49
"""An encrypted value begins with a version and a salt, then the commitment to its text."""


def holds_text(field: Any, where: str) -> bool:
    """Whether a value that is encrypted holds the text shown beside it: `opening` and the text make the
    commitment that the envelope begins with. The key is not needed, and not shown."""
    value = text_at(member(field, "value", where), where + ".value")
    text = text_at(member(field, "text", where), where + ".text")
    own = bytes.fromhex(hash_at(member(field, "opening", where), where + ".opening"))
    try:
        envelope = bytes.fromhex(value[2:] if value.startswith("\\x") else "")
    except ValueError:
        envelope = b""
    made = hashlib.sha256(own + text.encode("utf-8", "surrogatepass")).digest()
    return len(envelope) >= ENVELOPE_HEAD and envelope[VERSION_AND_SALT:ENVELOPE_HEAD] == made


# All of the ledger: a line that says what it is, and a line an entry, each exactly the bytes that were sealed

TEXT, DIGITS = rb'([^"\\\x00-\x1f]*)', rb"([0-9a-f]{64})"
USUAL = re.compile(
    rb'\{"chain":"' + TEXT + rb'","fields":\{(?:"[^"\\\x00-\x1f]*":"[0-9a-f]{64}",?)*\},"kind":"' + TEXT
    + rb'","n":(0|[1-9][0-9]{0,14}),"prev":"' + DIGITS + rb'","ref":"' + TEXT + rb'","v":1\}'
)  # fmt: skip
"""An entry as it is nearly always written: read in one go, for there may be millions."""
CHUNK_LEVEL = 12
FEW = 20000
"""Entries for which other processes are not worth their start."""


class Chunk(NamedTuple):
    """problems: by index. heads: chain -> index, place and prev of its first entry here."""

    problems: List[Tuple[int, str]]
    peaks: Peaks
    heads: Dict[str, Tuple[int, int, str]]
    tails: Tails


def line_of(line: bytes, where: str) -> Entry:
    """Its fields are left out: nothing is shown of them, and the line as a whole stands in the tree."""
    usual = USUAL.fullmatch(line)
    if usual is None:
        return entry_of(json_of(line, where), where)
    try:
        chain, kind, n, prev, ref = (one.decode() for one in usual.groups())
    except UnicodeDecodeError:
        raise Unreadable(where + ": is not UTF-8") from None
    return Entry(chain, int(n), kind, ref, prev, {})


def chunk_of(path: str, offset: int, first: int, count: int) -> Chunk:
    found = Chunk([], [], {}, {})
    with open(path, "rb") as file:
        file.seek(offset)
        for index in range(first, first + count):
            line = file.readline().rstrip(b"\n")
            entry, made = line_of(line, f"line {index + 2}"), leaf(line)
            before = found.tails.get(entry.chain)
            if before is None:
                found.heads[entry.chain] = (index, entry.n, entry.prev)
            elif (entry.n, entry.prev) != before:
                found.problems.append((index, about(index, entry) + LOOSE))
            found.tails[entry.chain] = (entry.n + 1, made.hex())
            grow(found.peaks, 0, made)
    return found


def chunk_at(place: Tuple[str, int, int, int]) -> Tuple[Optional[Chunk], str]:
    """What cannot be read is handed back, for another process's exception would lose its words."""
    try:
        return chunk_of(*place), ""
    except Unreadable as error:
        return None, str(error)


def places(path: str, file: BinaryIO) -> List[Tuple[str, int, int, int]]:
    """Where each chunk begins in the file, its first index and its length."""
    found, offset, index = [], file.tell(), 0
    begins = offset
    for line in file:
        offset, index = offset + len(line), index + 1
        if index % (1 << CHUNK_LEVEL) == 0:
            found.append((path, begins, index - (1 << CHUNK_LEVEL), 1 << CHUNK_LEVEL))
            begins = offset
    rest = index % (1 << CHUNK_LEVEL)
    return found + ([(path, begins, index - rest, rest)] if rest else [])


def whole(path: str, key: str, processes: int) -> Result:
    with open(path, "rb") as file:
        header = json_of(file.readline(), "line 1")
        chunks = places(path, file)
    checkpoint = checkpoint_of(member(header, "checkpoint", ""), "checkpoint")
    stamps, size = stamps_of(header), sum(count for _, _, _, count in chunks)
    problems, peaks, tails = [], [], {}  # type: List[str], Peaks, Tails
    for chunk, unreadable in looked_at(chunks, processes if size > FEW else 1):
        if chunk is None:
            raise Unreadable(unreadable)
        for chain, (index, n, prev) in chunk.heads.items():
            if (n, prev) != tails.get(chain, START):
                chunk.problems.append((index, f"entry {index} (of {told(chain)})" + LOOSE))
        problems += [problem for _, problem in sorted(chunk.problems)]
        tails.update(chunk.tails)
        for level, found in chunk.peaks:
            grow(peaks, level, found)
    if size != checkpoint.size:
        problems.append(f"{checkpoint.size} entries are signed, and there are {size}")
    elif root_of(peaks) != checkpoint.root:
        problems.append("the entries are not those of the signed tree")
    problems += bad_stamps(stamps, checkpoint)
    if not is_signed(checkpoint, key):
        problems = [NOT_SIGNED]
    return Result(problems, checkpoint, stamps, size, 0, [])


def looked_at(
    chunks: List[Tuple[str, int, int, int]], processes: int
) -> Iterator[Tuple[Optional[Chunk], str]]:
    if processes < 2:
        yield from map(chunk_at, chunks)
        return
    with multiprocessing.Pool(processes) as pool:
        yield from pool.imap(chunk_at, chunks)


# The command


def covered(result: Result) -> Iterator[Tuple[Stamp, int]]:
    """Each stamp with how many entries it is the first to cover."""
    before = 0
    for stamp in sorted(result.stamps, key=lambda one: one.checkpoint.size):
        size = stamp.checkpoint.size
        among = sum(before <= index < size for index in result.indexes) if result.indexes else size - before
        yield stamp, among
        before = size


def tell_stamps(result: Result, folder: Optional[str]) -> None:
    for stamp, count in covered(result):
        print(f"TIME  {count} entries stood by {stamp.time}, says a time stamp over {stamp.checkpoint.size}")
    if result.stamps and folder is None:
        print("      Who signed that is not checked here: name a FOLDER to get the files for OpenSSL.")
    for stamp in result.stamps if folder is not None else []:
        name = os.path.join(folder or "", f"{stamp.checkpoint.size:020d}")
        for suffix, content in ((".note", stamp.checkpoint.note), (".tsr", stamp.response)):
            with open(name + suffix, "wb") as file:
                file.write(content)
        print(f"      openssl ts -verify -data {name}.note -in {name}.tsr -CAfile ROOTS.pem")


def looked(path: str, key: str) -> Result:
    with open(path, "rb") as file:
        first = file.readline()
        try:
            is_ledger = json_of(first, "line 1").get("format") == LEDGER
        except (Unreadable, AttributeError):
            is_ledger = False
        if is_ledger:
            return whole(path, key, os.cpu_count() or 1)
        proof = json_of(first + file.read(), "the file")
    if member(proof, "format", "") != PROOF:
        raise Unreadable("format: must be " + PROOF + " or " + LEDGER)
    return proved(proof, key)


def main(arguments: List[str]) -> int:
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        parsed_key(arguments[1])
        result = looked(arguments[0], arguments[1])
    except (OSError, Unreadable) as error:
        print("cannot be read: " + told(str(error)), file=sys.stderr)
        return 2
    for problem in result.problems:
        print("BAD   " + problem)
    if not result.problems:
        try:
            tell_stamps(result, arguments[2] if len(arguments) == 3 else None)
        except OSError as error:
            print("FOLDER: " + told(str(error)), file=sys.stderr)
            return 2
    verdict = "BAD   " if result.problems else "GOOD  "
    tree = f"the signed tree of {result.checkpoint.size} of {told(result.checkpoint.origin)}"
    print(f"{verdict}{result.entries} entries, {result.shown} fields shown, in {tree}")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
