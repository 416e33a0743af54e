"""Whatever is given to whoever reads evidence: a verdict or one line that names the field, never a traceback,
and never belief in what was changed."""

from __future__ import annotations

import base64
import contextlib
import copy
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from recourse.domain.evidence.note import Checkpoint, Note, NoteError, VerifierKey, sign
from recourse.gateways.signing import Ed25519Signer
from recourse.gateways.timestamps import StampError, TimestampRoots
from recourse.reading import verify_evidence
from tests.unit.evidence.proofs import ORIGIN, ROWS, SIGNER, STAMPED, Ledger, granted

LEDGER = Ledger()
PROOF = LEDGER.proof()
WHOLE = b"\n".join(LEDGER.lines()) + b"\n"
KEY = str(SIGNER.key)
TIME = b"20261106040003Z"
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def told(path: Path, content: bytes, key: str = KEY) -> tuple[int, str, str]:
    """Exit code, output, errors; as the program is run, without the start of a process each time."""
    path.write_bytes(content)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verify_evidence.main([str(path), key])
    return code, out.getvalue(), err.getvalue()


def judged(path: Path, content: bytes, key: str = KEY) -> int:
    """The exit code, after the promise that every answer keeps."""
    code, out, err = told(path, content, key)
    if code == 2:
        assert out == ""
        assert re.fullmatch(r"cannot be read: [^\n]+\n", err), err
    else:
        assert err == ""
        lines = out.split("\n")
        assert lines[-1] == ""
        assert all(line.startswith(("GOOD  ", "BAD   ", "TIME  ", "      ")) for line in lines[:-1]), out
        assert ("GOOD  " in out) == (code == 0)
    return code


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def test_what_the_others_are_made_of_is_good(path: Path) -> None:
    assert judged(path, rfc8785.dumps(PROOF)) == 0
    assert judged(path, WHOLE) == 0
    assert "TIME  4 entries stood by 2026-11-06T04:00:03Z" in told(path, rfc8785.dumps(PROOF))[1]
    assert "TIME  4 entries stood by 2026-11-06T04:00:03Z" in told(path, WHOLE)[1]


# Nonsense


@quick
@given(content=st.binary(max_size=200))
@example(content=b"\xff\xfe{}")
@example(content=b"[" * 100_000)
@example(content=b'{"a":' * 100_000)
@example(content=b"9" * 10_000)
@example(content=b'{"format": "recourse-evidence-proof/1", "format": "x"}')
def test_bytes_that_are_no_proof_cannot_be_read(path: Path, content: bytes) -> None:
    assert judged(path, content) == 2


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "0" * 64, KEY, LEDGER.note(3), "AAAA", -1, 2**53, 1e999]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, its own first."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*at, name))


def value_at(value: Any, at: tuple[Any, ...]) -> Any:
    for name in at:
        value = value[name]
    return value


PLACES = [at for at in places(PROOF) if at]
NOT_PART_OF_IT = {("stamps",)}
"""Without them a proof proves as much, and says of no time."""


def changed(at: tuple[Any, ...], to: Any) -> dict[str, Any]:
    found = copy.deepcopy(PROOF)
    value_at(found, at[:-1])[at[-1]] = to
    return found


@quick
@given(at=st.sampled_from(PLACES), to=plain)
def test_a_proof_with_one_value_changed_is_not_believed(path: Path, at: tuple[Any, ...], to: Any) -> None:
    """Another value anywhere: nothing in a proof is for nothing."""
    assume(json.dumps(to) != json.dumps(value_at(PROOF, at)))
    assume(not (at in NOT_PART_OF_IT and to == []))
    assume(not (at[-1] == "shown" and to == []))  # to show less is everybody's right
    content = json.dumps(changed(at, to)).encode()
    assert judged(path, content) != 0


@quick
@given(at=st.sampled_from(PLACES))
def test_a_proof_with_one_value_left_out_is_not_believed(path: Path, at: tuple[Any, ...]) -> None:
    assume(at not in NOT_PART_OF_IT)
    assume(not (len(at) == 4 and at[2] == "shown"))  # to show less
    assume(not (at[0] == "stamps" and len(at) == 2))  # to say less of the time
    last = {"L-1": 6, "case-L-1-1": 5}.values()
    assume(not (at[0] == "entries" and len(at) == 2 and at[1] in last))  # what comes after the end: not known
    found = copy.deepcopy(PROOF)
    del value_at(found, at[:-1])[at[-1]]
    assert judged(path, rfc8785.dumps(found)) != 0


@quick
@given(data=st.data())
def test_a_character_changed_in_any_text_is_not_believed(path: Path, data: st.DataObject) -> None:
    texts = [at for at in PLACES if isinstance(value_at(PROOF, at), str) and value_at(PROOF, at)]
    at = data.draw(st.sampled_from(texts))
    text = value_at(PROOF, at)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8"))
    assume(other != text[place])
    if at[-1] == "response":  # what a signature covers and we do not read is not ours to judge
        raw = base64.b64decode(text)
        assume(place * 3 // 4 < len(raw) - 80)
    content = json.dumps(changed(at, text[:place] + other + text[place + 1 :])).encode()
    assert judged(path, content) != 0


@quick
@given(data=st.data())
def test_the_whole_ledger_with_any_byte_changed_is_not_believed(path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(WHOLE.index(b"\n") + 1, len(WHOLE) - 2))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != WHOLE[place]))
    assert judged(path, WHOLE[:place] + bytes([other]) + WHOLE[place + 1 :]) != 0


@quick
@given(lines=st.permutations(LEDGER.lines()[1:]), take=st.integers(0, len(ROWS)))
def test_the_whole_ledger_in_another_order_or_cut_off_is_not_believed(
    path: Path, lines: list[bytes], take: int
) -> None:
    assume(lines[:take] != LEDGER.lines()[1:])
    content = b"\n".join([LEDGER.lines()[0], *lines[:take]]) + b"\n"
    assert judged(path, content) != 0


# What must not be believed, by name


@pytest.mark.parametrize("content", [rfc8785.dumps(PROOF), WHOLE], ids=["proof", "whole"])
def test_a_stranger_of_the_same_name_signs_nothing(path: Path, content: bytes) -> None:
    code, out, _ = told(path, content, str(Ed25519Signer.new(SIGNER.key.name).key))
    assert (code, "not signed by this key" in out) == (1, True)


@pytest.mark.parametrize("whole", [False, True], ids=["proof", "whole"])
@pytest.mark.parametrize(
    ("size", "says"),
    [(STAMPED - 1, "is not over its checkpoint"), (STAMPED, "is not how the signed tree began")],
)
def test_a_stamp_over_something_else_is_not_believed(path: Path, whole: bool, size: int, says: str) -> None:
    """Over another checkpoint than the one beside it; and over one of another tree of that size."""
    stamp = LEDGER.stamp(STAMPED)
    if size == STAMPED:
        stranger = Checkpoint(ORIGIN, STAMPED, bytes(32))
        stamp["checkpoint"] = str(sign(stranger.text(), [SIGNER]))
    response = granted((stamp["checkpoint"] if size == STAMPED else LEDGER.note(size)).encode(), TIME)
    stamp["response"] = base64.b64encode(response).decode()
    if whole:
        header = {**json.loads(LEDGER.lines()[0]), "stamps": [stamp]}
        content = b"\n".join([rfc8785.dumps(header), *LEDGER.lines()[1:]]) + b"\n"
    else:
        content = rfc8785.dumps({**PROOF, "stamps": [stamp]})
    code, out, _ = told(path, content)
    assert (code, says in out, "TIME" in out) == (1, True, False)


# Each error names its field


@pytest.mark.parametrize(
    ("at", "to", "names"),
    [
        (("format",), "recourse-evidence-proof/2", "format: must be"),
        (("checkpoint",), 7, "checkpoint: must be a text"),
        (("checkpoint",), "nonsense", "checkpoint: a text of three lines"),
        (("checkpoint",), LEDGER.note(7).replace("\n7\n", "\n07\n"), "checkpoint: its second line"),
        (("entries",), {}, "entries: must be a list"),
        (("entries",), [], "entries: there are none"),
        (("entries", 2), 7, "entries[2]: must be an object"),
        (("entries", 2, "index"), True, "entries[2].index: must be a whole number"),
        (("entries", 2, "index"), -1, "entries[2].index: must be a whole number"),
        (("entries", 2, "index"), 1.0, "entries[2].index: must be a whole number"),
        (("entries", 2, "entry", "v"), 2, "entries[2].entry.v: must be 1"),
        (("entries", 2, "entry", "prev"), "AB" * 32, "entries[2].entry.prev: must be 64 digits"),
        (("entries", 2, "entry", "fields", "at"), None, "entries[2].entry.fields.at: must be a text"),
        (("entries", 2, "path", 0), " " * 64, "entries[2].path[0]: must be 64 digits"),
        (("entries", 2, "shown", 1, "salt"), "00", "entries[2].shown[1].salt: must be 64 digits"),
        (("entries", 2, "shown", 1, "value"), ["\ud800"], "entries[2].shown[1].value: has no canonical form"),
        (("entries", 2, "entry", "ref"), "\ud800", "entries[2].entry.ref: half a character"),
        (("stamps", 0, "response"), "AAAA", "stamps[0].response: is no granted time stamp"),
        (("stamps", 0, "response"), "A", "stamps[0].response: must be base64"),
        (("stamps", 0, "consistency"), None, "stamps[0].consistency: must be a list"),
    ],
)
def test_the_field_that_cannot_be_read_is_named(path: Path, at: tuple[Any, ...], to: Any, names: str) -> None:
    code, _, err = told(path, json.dumps(changed(at, to)).encode())
    assert (code, err.startswith(f"cannot be read: {names}")) == (2, True), err


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (rfc8785.dumps(PROOF).replace(b'"n":1,', b'"n":1,"n":1,', 1), "a name stands twice"),
        (rfc8785.dumps(PROOF).replace(b'"n":1,', b'"n":NaN,', 1), "NaN is no number of JSON"),
        (b"\xff" + rfc8785.dumps(PROOF), "is not UTF-8"),
        (b"\n".join([*LEDGER.lines()[:3], b"{}"]), "line 4.v: missing"),
        (b"\n".join([*LEDGER.lines()[:3], b""]) + b"\n", "line 4: is no JSON"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(path: Path, content: bytes, names: str) -> None:
    code, _, err = told(path, content)
    assert (code, names in err) == (2, True), err


def test_a_file_cannot_write_lines_of_its_own_on_the_screen(path: Path) -> None:
    found = changed(("entries", 2, "entry", "ref"), "1\nGOOD  all is well\x1b[2J\r")
    code, out, _ = told(path, json.dumps(found).encode())
    assert code == 1
    assert r"1\u000aGOOD  all is well\u001b[2J\u000d" in out
    assert not [line for line in out.splitlines() if line.startswith("GOOD")]


# Keys, notes, checkpoints, stamps


@quick
@given(key=st.text(max_size=60) | st.just(KEY[:-1]) | st.just(KEY.replace("+", " ")))
@example(key="a+b+\udcff")
def test_a_key_that_is_none_cannot_be_read(path: Path, key: str) -> None:
    assert judged(path, rfc8785.dumps(PROOF), key) == 2


@given(st.text(max_size=200) | st.text("\n— +=Aab0", max_size=80))
def test_a_text_is_a_note_to_both_readers_or_to_none(text: str) -> None:
    """What is no note, checkpoint or key is refused with a word about the part, by our code as by theirs."""
    for parse in (Note.parse, Checkpoint.parse, VerifierKey.parse, Ed25519Signer.parse):
        with contextlib.suppress(NoteError):
            parse(text)
    with contextlib.suppress(verify_evidence.Unreadable):
        theirs = verify_evidence.checkpoint_of(text, "checkpoint")
        ours = Checkpoint.parse(Note.parse(text).text)
        assert (ours.size, ours.root, ours.origin) == (theirs.size, theirs.root, theirs.origin)


@given(st.data())
def test_a_note_with_any_character_changed_is_not_signed(data: st.DataObject) -> None:
    note = LEDGER.note(LEDGER.size)
    place = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda char: char != note[place]))
    text = note[:place] + other + note[place + 1 :]
    with contextlib.suppress(verify_evidence.Unreadable):
        assert not verify_evidence.is_signed(verify_evidence.checkpoint_of(text, "checkpoint"), KEY)
    with contextlib.suppress(NoteError):
        parsed = Note.parse(text)
        assert not parsed.signed_by(SIGNER.key, _ed25519)


def _ed25519(key: VerifierKey, message: bytes, signature: bytes) -> bool:
    return verify_evidence.is_signature(key.public, message, signature)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_stamp_are_refused_by_both_readers(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        verify_evidence.read_stamp(raw, b"")
    with pytest.raises(StampError):
        TimestampRoots(()).stamped_at(raw, b"")


MESSAGE = b"a checkpoint"
STAMP = granted(MESSAGE, b"20261106040003.25Z")


@given(st.data())
def test_a_stamp_with_bytes_changed_never_surprises_a_reader(data: st.DataObject) -> None:
    raw = bytearray(STAMP)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for one in (bytes(raw), cut):
        with contextlib.suppress(ValueError):
            time, _ = verify_evidence.read_stamp(one, MESSAGE)
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (granted(MESSAGE, b"20261106040003Z", status=b"\2"), "not granted"),
        (granted(MESSAGE, b"20261106040003Z", digest="sha1"), "not of SHA-2"),
        (granted(MESSAGE, b"2026110604Z"), "none of RFC 3161"),
        (b"\x30\x05\x30\x03\x02\x01\x00", "not the element"),
    ],
)
def test_a_response_without_a_stamp_says_so(response: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        verify_evidence.read_stamp(response, MESSAGE)


def test_a_stamp_is_over_its_message_only() -> None:
    assert verify_evidence.read_stamp(STAMP, MESSAGE) == ("2026-11-06T04:00:03Z", True)
    assert verify_evidence.read_stamp(STAMP, MESSAGE + b"!")[1] is False
    assert (
        verify_evidence.read_stamp(granted(MESSAGE, b"20261106040003Z", digest="sha512"), MESSAGE)[1] is True
    )
