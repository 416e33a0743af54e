"""Settings of letters, and what the doctor says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from recourse.app.compose import letter_press
from recourse.app.doctor_letters import letters
from recourse.app.settings import LenderSetting, Settings, SettingsError
from recourse.gateways.letter_press import TypstPress
from recourse.gateways.pades import SignedPress
from tests.certificates import issued, written

LENDER = LenderSetting(name="a", region="CN", currency="CNY", zone="Asia/Shanghai", address="Road 1")


def _settings(**values: object) -> Settings:
    lenders = {"/bank": LENDER}
    return Settings(database_url="postgresql+asyncpg://x/y", lenders=lenders, **values)  # type: ignore[arg-type]


def _signing(folder: Path) -> dict[str, str]:
    certificate, key = written(folder, "lender", issued("lender"))
    return {"letters_certificate_file": str(certificate), "letters_key_file": str(key)}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"letters_folder": "/no/such/folder"}, "letters_folder"),
        ({"letters_key_file": "/no/such/key"}, "letters_key_file"),
        ({"letters_timestamp_url": "https://tsa.example.com"}, "letters_timestamp_url"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_name(values: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _settings(**values)
    assert [error["loc"] for error in refused.value.errors()] == [(named,)]


@pytest.mark.parametrize("left_out", ["letters_certificate_file", "letters_key_file"])
def test_a_certificate_and_its_key_go_together(tmp_path: Path, left_out: str) -> None:
    one = {name: path for name, path in _signing(tmp_path).items() if name != left_out}
    with pytest.raises(ValidationError, match="RECOURSE_LETTERS_CERTIFICATE_FILE"):
        _settings(**one)


def test_the_press_signs_where_a_certificate_is_set(tmp_path: Path) -> None:
    assert isinstance(letter_press(_settings()), TypstPress)
    assert isinstance(letter_press(_settings(**_signing(tmp_path))), SignedPress)


def test_a_key_that_opens_nothing_is_named_by_its_setting(tmp_path: Path) -> None:
    signing = _signing(tmp_path)
    Path(signing["letters_key_file"]).write_text("nothing")
    with pytest.raises(SettingsError, match=r"RECOURSE_LETTERS_KEY_FILE: .*no private key"):
        letter_press(_settings(**signing))


async def test_the_doctor_says_nothing_where_no_letter_is_written(tmp_path: Path) -> None:
    settings = _settings()
    settings.lenders = {"/bank": LENDER.model_copy(update={"address": ""})}
    assert await letters(settings) == []


async def test_the_doctor_names_what_is_in_the_way(tmp_path: Path) -> None:
    [nobody] = await letters(_settings())
    assert (nobody.state, nobody.remedy) == ("finding", "set RECOURSE_LETTERS_FOLDER")
    [well] = await letters(_settings(letters_folder=str(tmp_path)))
    assert (well.state, "not signed" in well.says) == ("ok", True)
    signing = _signing(tmp_path)
    [signed] = await letters(_settings(letters_folder=str(tmp_path), **signing))
    assert (signed.state, "not signed" in signed.says) == ("ok", False)
    Path(signing["letters_key_file"]).write_text("nothing")
    [unsigned] = await letters(_settings(letters_folder=str(tmp_path), **signing))
    assert (unsigned.state, "RECOURSE_LETTERS_KEY_FILE" in unsigned.remedy) == ("finding", True)
