"""A small ledger with everything a proof may carry: two chains, what is shown of rows, a time stamp."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import rfc8785

from recourse.domain.evidence.entry import START, Entry, Tail, sealed, shown
from recourse.domain.evidence.merkle import Frontier, consistency_proof, inclusion_proof
from recourse.domain.evidence.note import Checkpoint, sign
from recourse.gateways.signing import Ed25519Signer
from recourse.reading import verify_evidence

SIGNER = Ed25519Signer.new("ledger.example")
ORIGIN = "ledger.example/evidence"
STAMPED = 4
ROWS: list[dict[str, Any]] = [
    {"at": f"2026-11-0{n}T04:00:00+00:00", "reason": reason, "decision": n, "share": n / 7, "code": None}
    for n, reason in enumerate(["短信已发", "a call", "a visit", "", "paid", "closed", "\u2028"], 1)
]


class Ledger:
    """entries: by their places in the tree. nodes: level and index -> hash."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.frontier = Frontier()
        self.roots = [self.frontier.root()]
        tails: dict[str, Tail] = {}
        for n, row in enumerate(ROWS):
            chain = "case-L-1-1" if n % 3 else "L-1"
            at, prev = tails.get(chain, START)
            about = {"chain": chain, "kind": "step" if n % 3 else "fact", "ref": str(n)}
            entry = sealed(rfc8785.dumps, n=at, prev=prev, fields=row, secret=bytes([n]) * 32, **about)
            made = entry.hash(rfc8785.dumps)
            tails[chain] = (at + 1, made)
            self.entries.append(entry)
            for level, index, found in self.frontier.append(made):
                self.nodes[level, index] = found
            self.roots.append(self.frontier.root())

    def note(self, size: int) -> str:
        return str(sign(Checkpoint(ORIGIN, size, self.roots[size]).text(), [SIGNER]))

    @property
    def size(self) -> int:
        return len(self.entries)

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    def stamp(self, size: int) -> dict[str, Any]:
        path = consistency_proof(self.node, size, self.size)
        response = granted(self.note(size).encode(), b"20261106040003Z")
        return {
            "checkpoint": self.note(size),
            "consistency": [one.hex() for one in path],
            "response": base64.b64encode(response).decode(),
        }

    def proof(self) -> dict[str, Any]:
        return {
            "format": verify_evidence.PROOF,
            "checkpoint": self.note(self.size),
            "stamps": [self.stamp(STAMPED)],
            "entries": [
                {
                    "index": n,
                    "entry": entry.to_json(),
                    "path": [step.hex() for step in inclusion_proof(self.node, n, self.size)],
                    "shown": [
                        {"name": f.name, "value": f.value, "salt": f.salt.hex()}
                        for f in shown(ROWS[n], bytes([n]) * 32, ROWS[n])
                    ],
                }
                for n, entry in enumerate(self.entries)
            ],
        }

    def lines(self) -> list[bytes]:
        """All of it, as it is handed out."""
        stamps = [self.stamp(STAMPED)]
        header = {"format": verify_evidence.LEDGER, "checkpoint": self.note(self.size), "stamps": stamps}
        return [rfc8785.dumps(one) for one in (header, *(entry.to_json() for entry in self.entries))]


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    long = len(content).to_bytes(2, "big")
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + long
    return bytes([tag]) + length + content


def granted(message: bytes, time: bytes, digest: str = "sha256", status: bytes = b"\0") -> bytes:
    """A response as RFC 3161 writes it, without the signature, which strangers do not read."""
    algorithms = {"sha256": "608648016503040201", "sha512": "608648016503040203", "sha1": "2b0e03021a"}
    algorithm = der(0x30, der(6, bytes.fromhex(algorithms[digest])), der(5))
    imprint = der(0x30, algorithm, der(4, hashlib.new(digest, message).digest()))
    info = der(0x30, der(2, b"\1"), der(6, b"\x2a\x03"), imprint, der(2, b"\x07"), der(0x18, time))
    what = der(6, bytes.fromhex("2a864886f70d0109100104"))
    held = der(0x30, what, der(0xA0, der(4, info)))
    signed = der(0x30, der(2, b"\3"), der(0x31), held, der(0x31))
    token = der(0x30, der(6, bytes.fromhex("2a864886f70d010702")), der(0xA0, signed))
    return der(0x30, der(0x30, der(2, status)), token)
