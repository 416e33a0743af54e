"""SMS text: which alphabet, how many parts, where to cut. 3GPP TS 23.038 and 23.040 §9.2.3.24.

One part holds 160 characters of the GSM 7-bit alphabet or 70 UTF-16 units; parts of a longer text hold 153
or 67, because each carries its place in the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E}
_EXTENDED |= {"|": 0x40, "€": 0x65}
_ESCAPE = 0x1B
_CODES = {char: code for code, char in enumerate(_BASIC) if code != _ESCAPE}


class Alphabet(Enum):
    """value: (data_coding, units in a single part, units in a part of several)."""

    GSM7 = (0, 160, 153)
    UCS2 = (8, 70, 67)

    @property
    def data_coding(self) -> int:
        return self.value[0]

    @property
    def single(self) -> int:
        return self.value[1]

    @property
    def many(self) -> int:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Split:
    """A text as it is sent: one entry a part, encoded for SMPP (GSM unpacked, or UTF-16 big-endian)."""

    alphabet: Alphabet
    texts: tuple[str, ...]

    @property
    def parts(self) -> tuple[bytes, ...]:
        return tuple(encode(text, self.alphabet) for text in self.texts)


def split(text: str) -> Split:
    """Never cuts a surrogate pair or an escape sequence in two. An empty text is one empty part."""
    alphabet = Alphabet.GSM7 if all(c in _CODES or c in _EXTENDED for c in text) else Alphabet.UCS2
    if sum(_units(c, alphabet) for c in text) <= alphabet.single:
        return Split(alphabet, (text,))
    texts, current, used = [], "", 0
    for char in text:
        units = _units(char, alphabet)
        if used + units > alphabet.many:
            texts.append(current)
            current, used = "", 0
        current, used = current + char, used + units
    return Split(alphabet, (*texts, current))


def encode(text: str, alphabet: Alphabet) -> bytes:
    if alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be")
    return b"".join(bytes([_CODES[c]]) if c in _CODES else bytes([_ESCAPE, _EXTENDED[c]]) for c in text)


_SIGNS = {code: char for char, code in _CODES.items()}
_EXTENDED_SIGNS = {code: char for char, code in _EXTENDED.items()}
_CODECS = {1: "ascii", 3: "latin-1", 8: "utf-16-be", 15: "gb18030"}
"""By data_coding (SMPP 3.4 §5.2.19). 15 is what centres in China write for GB 18030."""
_GSM = (0, 0xF0)


def decode(octets: bytes, data_coding: int) -> str:
    """A text as it came in. What cannot be read becomes a replacement sign; this never fails."""
    if data_coding not in _GSM:
        return octets.decode(_CODECS.get(data_coding, "latin-1"), "replace")
    text, escaped = "", False
    for code in octets:
        table = _EXTENDED_SIGNS if escaped else _SIGNS
        escaped = code == _ESCAPE and not escaped
        text += "" if escaped else table.get(code, "\ufffd")
    return text


def _units(char: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.UCS2:
        return len(char.encode("utf-16-be")) // 2
    return 1 if char in _CODES else 2
