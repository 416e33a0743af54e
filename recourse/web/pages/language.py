"""The pages' languages: gettext catalogues, read as they are written, and which one a reader gets.

Sentences are their English text. Codes (`no_answer`, `outside_hours`) stand under the kind of code as
context, in both catalogues. `tests/unit/web/test_words.py` finds what is missing, left over, or hard-coded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, get_timezone_name
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import Translations

from recourse.domain.money import Money

LANGUAGES: Final = ("en", "zh")
_LOCALES: Final = {"en": Locale("en"), "zh": Locale.parse("zh_Hans_CN")}
_DAY: Final = {"en": "d MMM y", "zh": "y-MM-dd"}
"""A day that nobody reads as another one: the month is a word, or stands where everybody expects it."""
_LANG: Final = {"en": "en", "zh": "zh-CN"}


def catalogue(language: str) -> Catalog:
    text = (files("recourse.web.pages") / "words" / f"{language}.po").read_bytes()
    return read_po(BytesIO(text), locale=str(_LOCALES[language]))


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Words(language, Translations(compiled))


@dataclass(frozen=True, slots=True)
class Words:
    """How things are said in one language."""

    language: str
    translations: Translations

    @property
    def tag(self) -> str:
        """As HTML names it."""
        return _LANG[self.language]

    @property
    def locale(self) -> Locale:
        return _LOCALES[self.language]

    def say(self, sentence: str) -> str:
        return str(self.translations.ugettext(sentence))

    def code(self, kind: str, code: object) -> str:
        """In words; the code itself where there are none, which is better than a blank."""
        return str(self.translations.upgettext(kind, str(code)))

    def known(self, code: object, *kinds: str) -> str:
        """Of the first kind that has words for it: what stands in a diary may be of several."""
        said = (self.code(kind, code) for kind in kinds)
        return next((text for text in said if text != str(code)), str(code))

    def money(self, minor: int, currency: str) -> str:
        return format_currency(Decimal(Money(minor, currency).decimal_text()), currency, locale=self.locale)

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def day(self, on: date) -> str:
        return format_date(on, _DAY[self.language], locale=self.locale)

    def moment(self, at: datetime, zone: str) -> str:
        """At a place, without its name: it stands once on the page."""
        pattern = f"{_DAY[self.language]} HH:mm"
        return format_datetime(at.astimezone(ZoneInfo(zone)), pattern, locale=self.locale)

    def zone(self, zone: str) -> str:
        return get_timezone_name(ZoneInfo(zone), width="long", locale=self.locale)


def chosen(own: str | None, accepted: str) -> str:
    """own: what the person has set. accepted: the browser's Accept-Language."""
    if own in LANGUAGES:
        return own
    asked = [part.partition(";")[0].strip().replace("-", "_") for part in accepted.split(",")]
    found = negotiate_locale(asked, ["en", "zh", "zh_CN", "en_US", "en_GB"], sep="_")
    return "zh" if found is not None and found.lower().startswith("zh") else "en"
