"""The tree answers as RFC 6962 defines it, and its proofs prove nothing that is not so."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
)
from recourse.reading import verify_evidence

# The reference tree of certificate-transparency (merkletree tests): its leaves, and its root at each size.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(entries: list[bytes]) -> bytes:
    """Section 2.1 word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


class Tree:
    """A log as it is kept: nodes as they were completed, and the frontier."""

    def __init__(self, entries: list[bytes]) -> None:
        self.frontier = Frontier()
        self.nodes: dict[tuple[int, int], bytes] = {}
        for entry in entries:
            for level, index, found in self.frontier.append(leaf_hash(entry)):
                self.nodes[level, index] = found

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_the_root_is_that_of_the_reference_tree(size: int) -> None:
    tree = Tree(LEAVES[:size])
    assert tree.frontier.root().hex() == ROOTS[size]


# Its published paths: of leaves by index and size, and of trees by their two sizes.
A, B, C, D, E, F = (
    bytes.fromhex(text)
    for text in (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    )
)
ROOT = [bytes.fromhex(text) for text in ROOTS]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (0, 8, [A, B, C]),
        (5, 8, [D, E, ROOT[4]]),
        (2, 3, [ROOT[2]]),
        (1, 5, [ROOT[1], B, D]),
    ],
)
def test_a_leafs_path_is_that_of_the_reference_tree(index: int, size: int, path: list[bytes]) -> None:
    tree = Tree(LEAVES[:size])
    assert inclusion_proof(tree.node, index, size) == path
    assert is_included(leaf_hash(LEAVES[index]), index, size, path, ROOT[size])
    assert verify_evidence.is_included(leaf_hash(LEAVES[index]), index, size, path, ROOT[size])


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [F, E, ROOT[4]]), (2, 5, [B, D])],
)
def test_a_path_between_trees_is_that_of_the_reference_tree(old: int, new: int, path: list[bytes]) -> None:
    tree = Tree(LEAVES[:new])
    assert consistency_proof(tree.node, old, new) == path
    assert is_consistent(old, new, path, ROOT[old], ROOT[new])
    assert verify_evidence.has_grown(old, new, path, ROOT[old], ROOT[new])


entries = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


@given(entries)
def test_the_root_is_what_the_definition_says_for_any_tree(leaves: list[bytes]) -> None:
    tree = Tree(leaves)
    assert tree.frontier.root() == mth(leaves)


@given(entries, st.data())
def test_a_leaf_is_proved_at_its_place_and_nowhere_else(leaves: list[bytes], data: st.DataObject) -> None:
    size, tree = len(leaves), Tree([bytes([n]) + leaf for n, leaf in enumerate(leaves)])
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index or size == 1))
    leaf, root = tree.node(0, index), tree.frontier.root()
    path = inclusion_proof(tree.node, index, size)
    assert is_included(leaf, index, size, path, root)
    if other != index:
        assert not is_included(leaf, other, size, path, root)
        assert not is_included(tree.node(0, other), index, size, path, root)
    assert not is_included(leaf, index, size, [*path, root], root)
    assert not is_included(leaf, index, size, path, leaf_hash(root))
    for place in range(len(path)):
        changed = [leaf_hash(h) if n == place else h for n, h in enumerate(path)]
        assert not is_included(leaf, index, size, changed, root)
        assert not is_included(leaf, index, size, path[:place], root)


@given(entries, st.data())
def test_a_tree_that_only_grew_is_proved_and_one_that_was_rewritten_is_not(
    leaves: list[bytes], data: st.DataObject
) -> None:
    new = len(leaves)
    old = data.draw(st.integers(1, new))
    tree = Tree(leaves)
    old_root, new_root = mth(leaves[:old]), tree.frontier.root()
    path = consistency_proof(tree.node, old, new)
    assert is_consistent(old, new, path, old_root, new_root)
    assert verify_evidence.has_grown(old, new, path, old_root, new_root)
    changed = data.draw(st.integers(0, old - 1))
    rewritten = Tree([leaf + b"!" if n == changed else leaf for n, leaf in enumerate(leaves)])
    forged = consistency_proof(rewritten.node, old, new)
    assert not is_consistent(old, new, forged, old_root, rewritten.frontier.root())
    assert not verify_evidence.has_grown(old, new, forged, old_root, rewritten.frontier.root())
    assert not is_consistent(old, new, [*path, new_root], old_root, new_root)
    if path:
        assert not is_consistent(old, new, path[:-1], old_root, new_root)
        assert not is_consistent(old, new, path, leaf_hash(old_root), new_root)


def test_an_empty_tree_is_the_beginning_of_every_tree_and_needs_no_proof() -> None:
    root = Tree(LEAVES).frontier.root()
    assert is_consistent(0, 8, [], EMPTY_ROOT, root)
    assert not is_consistent(0, 8, [], root, root)
    assert not is_consistent(0, 8, [root], EMPTY_ROOT, root)
    assert not is_consistent(9, 8, [], root, root)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_the_tree_can_neither_be_proved_nor_believed(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="index"):
        inclusion_proof(Tree(LEAVES).node, index, size)
    assert not is_included(leaf_hash(b""), index, size, [], leaf_hash(b""))
