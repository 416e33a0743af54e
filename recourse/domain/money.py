"""Money as integer minor units with its ISO 4217 currency. No floats, no implicit conversion."""

from __future__ import annotations

from dataclasses import dataclass

_NO_DIGITS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THREE_DIGITS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
_MINOR_DIGITS = dict.fromkeys(_NO_DIGITS, 0) | dict.fromkeys(_THREE_DIGITS, 3) | {"CLF": 4, "UYW": 4}
"""ISO 4217 currencies whose minor unit is not a hundredth."""


def digits_of(currency: str) -> int:
    """After the decimal point, by ISO 4217."""
    return _MINOR_DIGITS.get(currency, 2)


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met. The remedy is upstream: a loan has one currency."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """``Money(352017, "CNY")`` is 3,520.17 yuan."""

    minor: int
    currency: str

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added or compared")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def decimal_text(self) -> str:
        """Plain digits with a point, as letters and screens group them themselves: ``3520.17``."""
        digits = digits_of(self.currency)
        sign, value = ("-" if self.minor < 0 else ""), abs(self.minor)
        if digits == 0:
            return f"{sign}{value}"
        return f"{sign}{value // 10**digits}.{value % 10**digits:0{digits}d}"

    def __str__(self) -> str:
        digits = digits_of(self.currency)
        whole, _, fraction = self.decimal_text().partition(".")
        grouped = f"{int(whole):,}" if whole not in {"-0", "0"} else whole
        return f"{grouped}.{fraction} {self.currency}" if digits else f"{grouped} {self.currency}"
