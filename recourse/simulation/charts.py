"""Charts as inline SVG text: bars side by side, columns by month, intervals around zero. No script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

COLOURS = ("#2f6690", "#d17a22")
"""Of A and B: blue and orange, which are told apart by who does not see red and green."""
_LABELS, _BARS, _VALUES = 250, 470, 110
_WIDTH = _LABELS + _BARS + _VALUES
_BAR = 13
Show = Callable[[float], str]


def bars(rows: Sequence[tuple[str, Sequence[float]]], show: Show) -> str:
    """One group a row: a label, and a bar with its value for each side."""
    most = max((value for _, values in rows for value in values), default=0) or 1
    parts, top = [], 4.0
    for label, values in rows:
        middle = top + _BAR * len(values) / 2 + 4
        parts.append(_text(_LABELS - 8, middle, label, "end", longest=38))
        for side, value in enumerate(values):
            width = _BARS * value / most
            parts.append(_rect(_LABELS, top, width, _BAR - 2, side))
            parts.append(_text(_LABELS + width + 5, top + _BAR - 3, show(value), "start", small=True))
            top += _BAR
        top += 7
    return _svg(top, parts)


def columns(months: Sequence[str], sides: Sequence[Sequence[float]], show: Show) -> str:
    """Values by month, one column a side; the axis begins at zero."""
    height, left, bottom = 210, 120, 26
    most = max((value for side in sides for value in side), default=0) or 1
    room = (_WIDTH - left) / max(len(months), 1)
    width = min(26.0, room * 0.8 / len(sides))
    parts = [
        _line(left, (1 - share) * height + 10, _WIDTH, (1 - share) * height + 10) for share in (0, 0.5, 1)
    ]
    parts += [
        _text(left - 8, (1 - share) * height + 14, show(most * share), "end", small=True)
        for share in (0, 0.5, 1)
    ]
    every = -(-len(months) // 14)
    for place, month in enumerate(months):
        start = left + room * place + (room - width * len(sides)) / 2
        for side, values in enumerate(sides):
            tall = height * values[place] / most
            parts.append(_rect(start + width * side, 10 + height - tall, width - 1, tall, side))
        if place % every == 0:
            parts.append(_text(left + room * (place + 0.5), height + bottom, month, "middle", small=True))
    return _svg(height + bottom + 8, parts)


def intervals(rows: Sequence[tuple[str, float, float, float, str]]) -> str:
    """(label, low, middle, high, text) a row, each on its own scale around the zero in the middle."""
    middle_x, half = _LABELS + _BARS / 2, _BARS / 2 - 10
    parts = [_line(middle_x, 2, middle_x, len(rows) * 30 + 2)]
    for place, (label, low, middle, high, text) in enumerate(rows):
        y = 20 + place * 30
        scale = half / (max(abs(low), abs(high), abs(middle)) or 1)
        side = 1 if low > 0 or high < 0 else None
        colour = "#444" if side else "#999"
        start, end = middle_x + low * scale, middle_x + high * scale
        parts.append(_text(_LABELS - 8, y + 4, label, "end", longest=38))
        parts.append(
            f'<line x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(f'<circle cx="{middle_x + middle * scale:.1f}" cy="{y}" r="4.5" fill="{colour}"/>')
        parts.append(_text(_LABELS + _BARS + 4, y + 4, text, "start", small=True))
    return _svg(len(rows) * 30 + 12, parts)


def _svg(height: float, parts: Sequence[str]) -> str:
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" width="100%" role="img">{inside}</svg>'


def _rect(x: float, y: float, width: float, height: float, side: int) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
        f'fill="{COLOURS[side]}"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ccc"/>'


def _text(x: float, y: float, text: str, anchor: str, *, small: bool = False, longest: int = 80) -> str:
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    size = 11 if small else 12.5
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#333">'
        f"{escape(cut)}</text>"
    )
