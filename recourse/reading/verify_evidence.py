#!/usr/bin/env python3
"""Check an evidence proof of Recourse. Needs Python 3.9 or newer and nothing else: no network, no packages.

    python3 verify_evidence.py PROOF.json KEY

PROOF.json: what `recourse evidence prove` wrote. KEY: the public key of whoever signs the checkpoints, as
they published it, such as `ledger.example+1a2b3c4d+Ab...`. Take it from them, never from the proof.

It says of each entry whether it stands in the signed tree, follows from the one before it, and holds the
values shown. Exit 0 when all of it does, 1 when something does not, 2 when the input cannot be read.

Written apart from Recourse's own code, so that each checks the other: RFC 6962 and RFC 9162 (tree), RFC 8785
(canonical JSON), RFC 8032 (Ed25519), C2SP signed-note and tlog-checkpoint (the signed words).
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import sys
from typing import Any, Optional, Tuple

FORMAT = "recourse-evidence-proof/1"


class Unreadable(Exception):
    """The input is not a proof or not a key."""


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
        raise Unreadable("a number that JSON does not have")
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


# The tree (RFC 9162, section 2.1.3.2)


def leaf(entry: Any) -> bytes:
    return hashlib.sha256(b"\0" + canonical(entry)).digest()


def is_included(found: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    last = size - 1
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = hashlib.sha256(b"\1" + sibling + found).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + sibling).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


# The signed words (C2SP)


def parsed_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, id and the 32 bytes."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("KEY: must read name+id+base64") from None
    expected = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] != 1 or expected.hex() != key_id:
        raise Unreadable("KEY: is no Ed25519 key of a signed note, or was copied wrongly")
    return name, expected, raw[1:]


def parsed_checkpoint(note: str) -> tuple[bytes, list[tuple[str, bytes]], int, bytes]:
    """The text that is signed, the signatures as (name, bytes), the size and the root."""
    try:
        body, signed = note.rsplit("\n\n", 1)
        text = body + "\n"
        signatures = []
        for line in signed.splitlines():
            dash, name, encoded = line.split(" ")
            if dash == "\u2014":
                signatures.append((name, base64.b64decode(encoded, validate=True)))
        _, size, root = text.split("\n")[:3]
        return text.encode(), signatures, int(size), base64.b64decode(root, validate=True)
    except ValueError:
        raise Unreadable("PROOF: its checkpoint cannot be read") from None


# What is wrong


def problems(proof: Any, key: str) -> list[str]:
    """In words, the first bad entry first; empty when all is as it must be."""
    name, key_id, public = parsed_key(key)
    text, signatures, size, root = parsed_checkpoint(proof["checkpoint"])
    mine = [raw[4:] for signer, raw in signatures if signer == name and raw[:4] == key_id]
    if not any(is_signature(public, text, signature) for signature in mine):
        return ["the checkpoint is not signed by this key"]
    found: list[str] = []
    tails: dict[str, tuple[int, str]] = {}
    for one in proof["entries"]:
        entry, index = one["entry"], one["index"]
        about = f"entry {index} ({entry['kind']} {entry['ref']} of {entry['chain']})"
        made = leaf(entry)
        if not is_included(made, index, size, [bytes.fromhex(step) for step in one["path"]], root):
            found.append(about + ": does not stand in the signed tree")
        expected = tails.get(entry["chain"], (0, "00" * 32))
        if (entry["n"], entry["prev"]) != expected:
            found.append(about + ": does not follow from the entry before it")
        tails[entry["chain"]] = (entry["n"] + 1, made.hex())
        for field in one["shown"]:
            sealed = entry["fields"].get(field["name"])
            shown = hashlib.sha256(canonical([field["salt"], field["name"], field["value"]])).hexdigest()
            if sealed != shown:
                found.append(about + ": " + field["name"] + " is not what was sealed")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            proof = json.load(file)
        if proof.get("format") != FORMAT:
            raise Unreadable("PROOF: is not of the format " + FORMAT)
        found = problems(proof, arguments[1])
        size = parsed_checkpoint(proof["checkpoint"])[2]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Unreadable) as error:
        print(f"cannot be read: {str(error) or type(error).__name__}", file=sys.stderr)
        return 2
    for problem in found:
        print("BAD  " + problem)
    entries = proof["entries"]
    shown = sum(len(one["shown"]) for one in entries)
    verdict = "BAD" if found else "GOOD"
    print(f"{verdict}  {len(entries)} entries, {shown} fields shown, in a signed tree of {size}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
