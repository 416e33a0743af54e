"""Notes are those of the specification: the published example verifies, and nothing else passes for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.evidence.note import Checkpoint, Note, NoteError, VerifierKey, sign
from recourse.gateways.signing import Ed25519Signer, is_signature

# The example of Go's golang.org/x/mod/sumdb/note, which the specification was written from.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = (
    TEXT + "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = VerifierKey.parse(PUBLIC)


def test_the_published_example_is_signed_and_verified_to_the_byte() -> None:
    assert str(KEY) == PUBLIC
    assert str(sign(TEXT, [Ed25519Signer.parse(PRIVATE)])) == SIGNED
    note = Note.parse(SIGNED)
    assert note.text == TEXT
    assert note.signed_by(KEY, is_signature)


def test_another_text_and_another_key_are_not_believed() -> None:
    changed = Note.parse(SIGNED.replace("your problem is", "our problem is"))
    assert not changed.signed_by(KEY, is_signature)
    stranger = Ed25519Signer.new("PeterNeumann")
    assert not Note.parse(SIGNED).signed_by(stranger.key, is_signature)
    assert not sign(TEXT, [stranger]).signed_by(KEY, is_signature)


def test_a_witness_adds_its_signature_and_the_first_one_stays_good() -> None:
    witness = Ed25519Signer.new("witness.example")
    both = Note.parse(str(sign(TEXT, [Ed25519Signer.parse(PRIVATE), witness])))
    assert both.signed_by(KEY, is_signature)
    assert both.signed_by(witness.key, is_signature)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,
        TEXT + "\n",
        SIGNED[:-1],
        SIGNED.replace("— ", "- "),
        SIGNED.replace("— PeterNeumann ", "— PeterNeumann"),
        SIGNED.replace("x08go", "x08g"),
        TEXT + "\n— PeterNeumann x08gow==\n",
        SIGNED.replace("your", "yo\x07ur"),
        TEXT + "\n" + SIGNED.rpartition("\n\n")[2] * 101,
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(text)


def test_a_key_that_was_copied_wrongly_is_refused_and_not_shown() -> None:
    with pytest.raises(NoteError, match="copied wrongly"):
        VerifierKey.parse(PUBLIC.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(NoteError, match="copied wrongly") as refused:
        Ed25519Signer.parse(PRIVATE.replace("c74f20a3", "c74f20a4"))
    assert "AYEKFALVFGyNhPJEMzD1QIDr" not in str(refused.value)


def test_a_key_is_written_for_its_owner_only_and_never_over_another(tmp_path: Path) -> None:
    path, signer = tmp_path / "key", Ed25519Signer.new("log.example")
    signer.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Ed25519Signer.read(path).key == signer.key
    with pytest.raises(FileExistsError):
        Ed25519Signer.new("log.example").write(path)


def test_a_checkpoint_reads_as_the_specification_shows_it() -> None:
    root = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    checkpoint = Checkpoint("example.com/behind-the-sofa", 20852163, root)
    expected = "example.com/behind-the-sofa\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert checkpoint.text() == expected
    assert Checkpoint.parse(expected) == checkpoint


lines = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(lines, st.integers(0, 2**63), st.binary(min_size=32, max_size=32), st.lists(lines, max_size=3))
def test_a_checkpoint_is_read_back_as_it_was_written(
    origin: str, size: int, root: bytes, more: list[str]
) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(more))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\nAAAA\n",
        "o\n-1\nAAAA\n",
        "o\n1\nAAAA\n",
        "o\n1\n\nx\n",
        "o\n²\nAAAA\n",
        "\n1\nAAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)
