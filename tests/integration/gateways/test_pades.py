"""A signed letter is whole, stamped and verified before it leaves; whatever is wrong keeps it here."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from recourse.gateways.letter_press import TypstPress
from recourse.gateways.pades import Seal, SignedPress, trouble_with
from recourse.packs.letters import write
from recourse.ports import NotHandedOver
from tests.certificates import Issued, clock, issued, written
from tests.letters import VALUES, text_of

LETTER = write("formal_demand", "zh", VALUES, contact="att-1")


@pytest.fixture(scope="module")
def authority() -> Issued:
    return issued("authority")


@pytest.fixture(scope="module")
def seal(authority: Issued, tmp_path_factory: pytest.TempPathFactory) -> Seal:
    folder = tmp_path_factory.mktemp("seal")
    return Seal.read(*written(folder, "lender", issued("lender", authority), authority))


@pytest.fixture
async def signed(seal: Seal) -> bytes:
    return await SignedPress(TypstPress(), seal).press(LETTER)


def _signature(pdf: bytes) -> Any:
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return signature


def _stamps(pdf: bytes) -> int:
    unsigned = _signature(pdf).signer_info["unsigned_attrs"]
    return sum(one["type"].native == "signature_time_stamp_token" for one in unsigned)


async def test_a_signature_is_pades_and_covers_the_letter_that_was_pressed(seal: Seal, signed: bytes) -> None:
    plain = await TypstPress().press(LETTER)
    assert signed.startswith(plain)
    assert text_of(signed) == text_of(plain)
    added = signed.removeprefix(plain)
    assert re.match(rb"\n+\d+ 0 obj\n", added), "else it is no PDF/A (ISO 19005-3, 6.1.9)"
    signature = _signature(signed)
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.signer_cert.subject.native["common_name"] == "lender"
    assert await trouble_with(signed, seal.trusted) is None


async def test_with_an_authority_of_time_the_signature_bears_its_stamp(seal: Seal, authority: Issued) -> None:
    stamped = await SignedPress(TypstPress(), replace(seal, stamper=clock(authority))).press(LETTER)
    assert _stamps(stamped) == 1
    assert await trouble_with(stamped, seal.trusted) is None


async def test_without_one_it_bears_none(signed: bytes) -> None:
    assert _stamps(signed) == 0


async def test_any_flipped_byte_is_found(seal: Seal, signed: bytes) -> None:
    """Byte by byte would take minutes; a prime step comes by every part of the file."""
    first, last = _hole(signed)
    for at in (n for n in range(0, len(signed), 1009) if not first <= n < last):
        broken = bytearray(signed)
        broken[at] ^= 1
        assert await trouble_with(bytes(broken), seal.trusted) is not None, at


async def test_what_is_added_after_the_signature_is_found(seal: Seal, signed: bytes) -> None:
    assert await trouble_with(signed + b"\n% more", seal.trusted) is not None


async def test_a_letter_without_a_signature_has_trouble(seal: Seal) -> None:
    plain = await TypstPress().press(LETTER)
    assert await trouble_with(plain, seal.trusted) == "is not there"


async def test_a_signature_of_somebody_else_is_not_believed(signed: bytes, tmp_path: Path) -> None:
    other = issued("other authority")
    strange = Seal.read(*written(tmp_path, "other", issued("lender", other), other))
    trouble = await trouble_with(signed, strange.trusted)
    assert trouble == "is made with a certificate that is not valid now"


@pytest.mark.parametrize("alone", [True, False])
async def test_a_certificate_that_has_run_out_signs_nothing(
    authority: Issued, tmp_path: Path, alone: bool
) -> None:
    own = issued("lender", None if alone else authority, days=-1)
    old = Seal.read(*written(tmp_path, "old", own, *([] if alone else [authority])))
    with pytest.raises(NotHandedOver, match="not valid now; check RECOURSE_LETTERS_CERTIFICATE_FILE"):
        await SignedPress(TypstPress(), old).press(LETTER)


async def test_an_authority_of_time_that_is_away_keeps_the_letter_here(
    authority: Issued, tmp_path: Path
) -> None:
    certificate, key = written(tmp_path, "lender", issued("lender", authority), authority)
    seal = Seal.read(certificate, key, timestamp_url="http://127.0.0.1:9/")
    with pytest.raises(NotHandedOver, match="time stamp authority does not answer"):
        await SignedPress(TypstPress(), seal).press(LETTER)


def test_what_cannot_be_used_is_named(authority: Issued, tmp_path: Path) -> None:
    certificate, key = written(tmp_path, "lender", issued("lender", authority), authority)
    other, _ = written(tmp_path, "other", issued("other", authority), authority)
    empty = tmp_path / "empty"
    empty.write_text("nothing")
    with pytest.raises(ValueError, match="empty: no certificate in PEM"):
        Seal.read(empty, key)
    with pytest.raises(ValueError, match="empty: no private key in PEM"):
        Seal.read(certificate, empty)
    with pytest.raises(ValueError, match=r"lender\.key: belongs to another certificate than .+other\.pem"):
        Seal.read(other, key)


def _hole(pdf: bytes) -> tuple[int, int]:
    """Where the signature itself stands, as its /ByteRange says: its padding is no part of anything."""
    start, length, end, _ = (int(n) for n in _signature(pdf).byte_range)
    return start + length, end
