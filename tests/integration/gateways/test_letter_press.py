"""What comes out of the press: PDF/A-3b with its data attached, the same bytes each time, or an error."""

from __future__ import annotations

import asyncio
import json
from itertools import product
from typing import Any

import pytest

from recourse.domain.letter import LetterError
from recourse.gateways.letter_press import TypstPress
from recourse.packs.letters import letter_kinds, write
from tests.letters import VALUES, open_pdf, text_of


def _letter(kind: str = "formal_demand", language: str = "zh", **values: Any) -> bytes:
    return write(kind, language, VALUES | values, contact="att-1")


async def _pressed(kind: str = "formal_demand", language: str = "zh", **values: Any) -> bytes:
    return await TypstPress().press(_letter(kind, language, **values))


@pytest.mark.parametrize(
    ("kind", "language"),
    [*product(letter_kinds(), ("zh", "en")), ("formal_demand", "de")],
)
async def test_each_letter_prints_everything_that_it_says(kind: str, language: str) -> None:
    letter = json.loads(_letter(kind, language))
    text = _squeezed(text_of(await _pressed(kind, language)))
    said = [letter["subject"], letter["date"], letter["reference"], letter["id"]]
    said += [letter[side]["name"] for side in ("from", "to")]
    said += [line for side in ("from", "to") for line in letter[side]["lines"]]
    for block in letter["blocks"]:
        said += block.get("texts", []) + [cell for row in block.get("rows", []) for cell in row]
    for one in said:
        assert _squeezed(one) in text


@pytest.mark.parametrize(
    "name",
    [
        '#import "@preview/x:1.0.0": y',
        '#sys.inputs #read("/etc/passwd")',
        "$ x^2 $ *bold* _it_ `raw` @ref <label> ~ -- ... // /* */ \\ \\u{41} [a](b) = + / 1.",
        "\"quoted\" 'single' {{ lender }} | ! -",
    ],
)
async def test_a_name_that_is_typst_stands_there_as_it_is(name: str) -> None:
    text = _squeezed(text_of(await _pressed(name=name)))
    assert text.count(_squeezed(name)) == 2  # in the window and in the salutation


async def test_names_of_many_alphabets_have_their_signs() -> None:
    for name in ("䶮㛃喆堃镕", "Łukasz Őri Ğül", "Ἀλέξανδρος", "Пётр", "Nguyễn Thị", "ひらカナ"):
        assert _squeezed(name) in _squeezed(text_of(await _pressed(name=name)))


async def test_every_character_of_gb_2312_and_gbk_can_be_printed() -> None:
    gbk = "".join(chr(code) for code in range(0x4E00, 0x9FA6))
    simplified = [
        bytes([a, b]).decode("gb2312", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)
    ]
    assert len("".join(simplified)) == 6763
    assert set("".join(simplified)) <= set(gbk)
    assert await _pressed(vehicle=gbk, kind="handover_cover")


@pytest.mark.parametrize(("name", "sign"), [("王\U0002b386", "2B386"), ("A😀", "1F600"), ("한", "D55C")])
async def test_a_sign_without_a_glyph_is_an_error_that_names_it_and_its_place(name: str, sign: str) -> None:
    with pytest.raises(LetterError, match=rf"^to\.name: U\+{sign} is in no font.+; .+") as refused:
        await _pressed(name=name)
    assert name not in str(refused.value)


async def test_equal_letters_give_equal_bytes_side_by_side() -> None:
    first, second = await asyncio.gather(_pressed(), _pressed())
    assert first == second
    assert first != await _pressed(amount="3,520.18 CNY")


async def test_the_file_says_it_is_pdf_a_3b_and_brings_its_colours_and_fonts() -> None:
    reader = open_pdf(await _pressed())
    metadata = reader.root["/Metadata"].data.decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "<xmp:CreateDate>2026-11-27T00:00:00Z</xmp:CreateDate>" in metadata
    [intent] = [one.get_object() for one in reader.root["/OutputIntents"]]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_object().data
    page = reader.find_page_for_modification(0)[0].get_object()
    fonts = page["/Resources"]["/Font"].get_object().values()
    described = [font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert described
    assert all({"/FontFile2", "/FontFile3"} & set(one.get_object()) for one in described)
    assert "/Encrypt" not in reader.trailer


async def test_the_letter_travels_inside_as_canonical_json() -> None:
    letter = _letter()
    reader = open_pdf(await TypstPress().press(letter))
    [attached] = [one.get_object() for one in reader.root["/AF"].get_object()]
    assert (attached["/UF"], attached["/AFRelationship"]) == ("letter.json", "/Data")
    assert attached["/EF"].get_object()["/F"].get_object().data == letter


async def test_a_draft_says_so_on_the_page_and_in_its_number() -> None:
    draft = write("formal_demand", "zh", VALUES, contact="att-1", draft=True)
    text = text_of(await TypstPress().press(draft))
    assert "草稿" in text
    assert json.loads(draft)["id"] != json.loads(_letter())["id"]


async def test_a_long_letter_goes_on_and_counts_its_pages() -> None:
    text = text_of(await _pressed(lender="An exceedingly long name of a lender " * 60, language="en"))
    assert "Page 2 of" in text


def _squeezed(text: str) -> str:
    """A reader may break lines anywhere, and may be given a place where a long word can be broken."""
    return "".join(text.split()).replace("\u200b", "")
