"""Values for letters, and reading a PDF without the code that made it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader

ON = date(2026, 11, 27)
VALUES: dict[str, str | int | date] = {
    "name": "王小明",
    "address": "上海市浦东新区世纪大道100号\n200120 上海",
    "lender": "示例汽车金融有限公司",
    "lender_address": "上海市静安区南京西路1号",
    "counsel": "示例律师事务所",
    "counsel_address": "北京市朝阳区某路2号",
    "phone": "400-000-0000",
    "amount": "3,520.17 CNY",
    "oldest_due": date(2026, 10, 5),
    "dpd": 53,
    "pay_reference": "L-000123",
    "deadline": date(2026, 12, 12),
    "on": ON,
    "vehicle": "Example 3, 沪A12345",
    "payoff": "82,000.00 CNY",
    "payoff_until": date(2026, 12, 15),
    "sale": "2027-01-05 10:00, 上海",
    "dossier": "ab" * 32,
}


def open_pdf(pdf: bytes) -> Any:
    return PdfFileReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    """What a reader would copy from its pages, without line ends: glyphs through each font's ToUnicode."""
    reader = open_pdf(pdf)
    found = []
    for number in range(int(reader.root["/Pages"]["/Count"])):
        page = reader.find_page_for_modification(number)[0].get_object()
        fonts = {name: _to_unicode(font) for name, font in page["/Resources"]["/Font"].get_object().items()}
        current: dict[int, str] = {}
        content = page["/Contents"].get_object().data.decode("latin-1")
        for kind, token in _tokens(content):
            if kind == "font":
                current = fonts[token]
            elif kind == "said":
                found.append(bytes.fromhex(token).decode("utf-16"))
            else:
                codes = bytes.fromhex(token) if kind == "hex" else _unescaped(token)
                pairs = (int.from_bytes(codes[i : i + 2]) for i in range(0, len(codes), 2))
                found.append("".join(current.get(code, "\ufffd") for code in pairs))
    return "".join(found)


_FONT = re.compile(r"(/\w+) [\d.]+ Tf")
_HEX = re.compile(r"(?<!<)<([0-9A-F]+)>")
_SAID = re.compile(r"/ActualText<([0-9A-F]+)>>>BDC.*?EMC", re.DOTALL)


def _tokens(content: str) -> Iterator[tuple[str, str]]:
    """The fonts that are chosen, the strings that are shown, and what is said to stand for some of them."""
    at = 0
    while at < len(content):
        if font := _FONT.match(content, at):
            yield "font", font[1]
            at = font.end()
        elif said := _SAID.match(content, at):
            yield "said", said[1]
            at = said.end()
        elif hexed := _HEX.match(content, at):
            yield "hex", hexed[1]
            at = hexed.end()
        elif content[at] == "(":
            end, depth = at + 1, 1  # brackets that match need no backslash
            while depth:
                depth += {"(": 1, ")": -1}.get(content[end], 0)
                end += 2 if content[end] == "\\" else 1
            yield "shown", content[at + 1 : end - 1]
            at = end
        else:
            at += 1


def _to_unicode(font: Any) -> dict[int, str]:
    cmap = font.get_object()["/ToUnicode"].get_object().data.decode("latin-1")
    known: dict[int, str] = {}
    for part in re.findall(r"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(r"<(\w+)>\s*<(\w+)>", part):
            known[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for part in re.findall(r"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", part):
            start = int(text, 16)
            for code in range(int(first, 16), int(last, 16) + 1):
                known[code] = chr(start + code - int(first, 16))
    return known


def _unescaped(literal: str) -> bytes:
    plain = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

    def one(match: re.Match[str]) -> str:
        sign = match[1]
        return chr(int(sign, 8)) if sign[0] in "01234567" else plain.get(sign, sign)

    return re.sub(r"\\([0-7]{1,3}|.)", one, literal, flags=re.DOTALL).encode("latin-1")
