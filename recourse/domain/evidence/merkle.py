"""The Merkle tree of RFC 6962, section 2.1, and the checks of RFC 9162, sections 2.1.3 and 2.1.4.

A tree of n leaves is seen as the perfect subtrees it is made of: node (level, index) is the hash over the
2^level leaves from index * 2^level on. Whatever can say the hash of such a node can prove; nothing else of
the tree is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

Node = Callable[[int, int], bytes]
"""level, index -> hash of that perfect subtree. Raises LookupError for one that is not complete."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: enough to append and to say the root, however large it is.

    subtrees: the hashes of the perfect subtrees, the largest first, as the bits of size say.
    """

    size: int = 0
    subtrees: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf's hash; yields each node it completes as level, index, hash, the leaf itself first."""
        level, index, found = 0, self.size, leaf
        yield level, index, found
        while index % 2 == 1:
            found = node_hash(self.subtrees.pop(), found)
            level, index = level + 1, index // 2
            yield level, index, found
        self.subtrees.append(found)
        self.size += 1

    def root(self) -> bytes:
        return _folded(self.subtrees) if self.subtrees else EMPTY_ROOT


def _folded(hashes: Sequence[bytes]) -> bytes:
    """Hashes of neighbouring subtrees, from left to right and ever smaller, become one."""
    *rest, found = hashes
    for left in reversed(rest):
        found = node_hash(left, found)
    return found


def _range_hash(node: Node, first: int, last: int) -> bytes:
    """MTH of the leaves from first (inclusive) to last (exclusive); first is a multiple of the largest power
    of two below the range's length, as it is for every range the RFC's recursion comes to."""
    parts, at = [], first
    while at < last:
        level = (last - at).bit_length() - 1
        parts.append(node(level, at >> level))
        at += 1 << level
    return _folded(parts)


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """PATH(index, D_size): the siblings from the leaf up to the root."""
    if not 0 <= index < size:
        raise ValueError(f"index: {index} is not below the size, {size}")
    path, first, last = [], 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(_range_hash(node, middle, last))
            last = middle
        else:
            path.append(_range_hash(node, first, middle))
            first = middle
    return path[::-1]


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """PROOF(old, D_new): that the first `old` leaves of the tree of `new` leaves are those it had before."""
    if not 0 < old <= new:
        raise ValueError(f"old: {old} is not between 1 and {new}")
    path, first, last, is_old_tree = [], 0, new, True
    while old != last:
        middle = first + _split(last - first)
        if old <= middle:
            path.append(_range_hash(node, middle, last))
            last = middle
        else:
            path.append(_range_hash(node, first, middle))
            first, is_old_tree = middle, False
    if not is_old_tree:
        path.append(_range_hash(node, first, last))
    return path[::-1]


def _split(length: int) -> int:
    """The largest power of two below a length of two or more."""
    return 1 << ((length - 1).bit_length() - 1)


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at % 2 == 1 or at == last:
            found = node_hash(sibling, found)
            while at % 2 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162, section 2.1.4.2; an empty tree is the beginning of every other."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not path and old_root == (EMPTY_ROOT if old == 0 else new_root)
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    at, last = old - 1, new - 1
    while at % 2 == 1:
        at, last = at >> 1, last >> 1
    old_found = new_found = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at % 2 == 1 or at == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while at % 2 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root
