"""Traces of people in bytes: their own values, in every shape in which a program may have left them.

Each value is looked for as it is written, in capitals and without; as UTF-8, GB 18030 and UTF-16, and with
its signs escaped as JSON escapes them; all that as it is, percent-encoded, in hexadecimal and in base64. What
parts the groups of a number or a plate (spaces, hyphens, dots, brackets) is taken out on both sides first.

Not found: what was compressed, encrypted or hashed, what was wrapped more often than that, and a name of
three Chinese signs whose GB 18030 in base64 has two of `+` and `/` (one in fifty).
"""

from __future__ import annotations

import base64
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus

PARTING: Final = b" \t-_.()/+\\"
"""Taken out before looking. Neither line ends, which count lines, nor what parts the digits of an instant."""
_SHORTEST: Final = 6
"""Bytes; what is shorter would be found where nobody wrote it."""
_PIECE: Final = 4
_STRIDE: Final = _SHORTEST - _PIECE + 1
"""Only every third place is looked at, for so many bytes: of each value, one of its first pieces is there."""
_BASE64: Final = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/").encode()
_FEWEST: Final = {"plain": 6, "percent": 12, "hex": 12, "base64": 7}
"""Bytes that a shape must have to be looked for."""
_DIGITS_OF_A_NUMBER: Final = 10
"""How a number is known without the prefix of its country: its last digits, never fewer than these."""


@dataclass(frozen=True, slots=True)
class Known:
    """A value of the book. kind: mobile, name, plate, …; whose: an opaque id. Its text is never shown."""

    kind: str
    whose: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trace:
    """line: of the bytes that were looked at, from 1. shape: how it stood there."""

    known: Known
    shape: str
    line: int


@dataclass(frozen=True, slots=True)
class _Needle:
    """close: what to look for. ends: signs of which one must follow; empty where any may."""

    close: bytes
    shape: str
    ends: bytes = b""

    def may_end(self, data: bytes, begin: int) -> bool:
        end = begin + len(self.close)
        return not self.ends or data[end : end + 1] in self.ends


class Traces:
    """Finds known values in bytes. left_out: those that are too short to be told from other text."""

    def __init__(self, book: Iterable[Known]) -> None:
        self._by_piece: dict[bytes, list[tuple[int, _Needle, Known]]] = {}
        self.left_out: list[Known] = []
        self.overlap = 0
        for known in dict.fromkeys(book):
            needles = {(one.close, one.ends): one for one in _needles(known)}
            if not needles:
                self.left_out.append(known)
            for one in needles.values():
                self.overlap = max(self.overlap, 4 * len(one.close))
                for offset in range(_STRIDE):
                    piece = one.close[offset : offset + _PIECE]
                    self._by_piece.setdefault(piece, []).append((offset, one, known))

    def find(self, data: bytes) -> list[Trace]:
        """Each place once for a value and shape."""
        close, by_piece = _close(data), self._by_piece
        places = [i for i in range(0, len(close), _STRIDE) if close[i : i + _PIECE] in by_piece]
        found: dict[Trace, None] = {}
        for place in places:
            for offset, needle, known in by_piece[close[place : place + _PIECE]]:
                begin = place - offset
                if begin >= 0 and close.startswith(needle.close, begin) and needle.may_end(close, begin):
                    found[Trace(known, needle.shape, close.count(b"\n", 0, begin) + 1)] = None
        return list(found)


def _close(data: bytes) -> bytes:
    return data.replace("·".encode(), b"").translate(None, PARTING)


def _needles(known: Known) -> Iterator[_Needle]:
    for text in _writings(known):
        for signs, inner in _signs(text):
            for outer, written, ends in _wrapped(inner):
                close = _close(written)
                # Signs of base64 are among those that part: what is left of it may be one shorter.
                if len(inner) >= _SHORTEST <= len(close) and len(written) >= _FEWEST[outer]:
                    yield _Needle(close, signs if outer == "plain" else f"{signs}, {outer}", ends)


def _writings(known: Known) -> set[str]:
    text = known.text.strip()
    if known.kind in {"mobile", "landline"}:
        return _numbers(text)
    joined = _close(text.encode()).decode()
    return {form for one in (text, joined) for form in (one, one.lower(), one.upper())}


def _numbers(text: str) -> set[str]:
    """Its digits as one group and as people part them; the prefix of its country may stand before or not."""
    digits = "".join(sign for sign in text if sign.isdigit())
    if len(digits) < _DIGITS_OF_A_NUMBER:
        return {text}
    local = digits[-11:] if digits.startswith("86") and len(digits) == 13 else digits[-_DIGITS_OF_A_NUMBER:]
    first, last = local[:3], local[-4:]
    parted = {f"{first}{by}{local[3:-4]}{by}{last}" for by in (" ", "-")}
    return {local, *parted}


def _signs(text: str) -> Iterator[tuple[str, bytes]]:
    yield "utf-8", text.encode()
    yield "utf-16", text.encode("utf-16-le")
    yield "utf-16", text.encode("utf-16-be")
    if not text.isascii():
        yield "gb18030", text.encode("gb18030")
        for digits in (str, str.upper):
            yield "escaped", "".join(s if s.isascii() else _escaped(s, digits) for s in text).encode()
        yield "escaped", repr(text.encode())[2:-1].encode()


def _escaped(sign: str, digits: Callable[[str], str]) -> str:
    """As JSON has it: one or two units of UTF-16."""
    units = sign.encode("utf-16-be")
    return "".join(f"\\u{digits(units[i : i + 2].hex())}" for i in range(0, len(units), 2))


def _wrapped(inner: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """(how, the signs it always has then, of which signs one follows)"""
    yield "plain", inner, b""
    percent = quote(inner, safe="").encode()
    if percent != inner:
        yield "percent", percent, b""
        yield "percent", quote_plus(inner, safe="").encode(), b""
        yield "percent", percent.lower(), b""
        yield "percent", "".join(f"={byte:02X}" for byte in inner).encode(), b""
    yield "hex", inner.hex().encode(), b""
    yield "hex", inner.hex().upper().encode(), b""
    for before in range(3):
        yield "base64", *_base64_within(inner, before)


def _base64_within(inner: bytes, before: int) -> tuple[bytes, bytes]:
    """With so many other bytes before it and any behind it. The sign that follows holds bits of both: without
    it, numbers that differ in their last digit would be taken for each other."""
    coded = base64.b64encode(b"\0" * before + inner)
    first = -(-before * 8 // 6)
    whole, bits = divmod((before + len(inner)) * 8, 6)
    least = _BASE64.index(coded[whole]) if bits else 0
    ends = _BASE64[least : least + (1 << 6 - bits)]
    return coded[first:whole], b"" if b"/" in ends else ends  # that sign would have been taken out
