"""JSON as strictly as a ledger needs it: no NaN, no doubled keys, nothing that cannot be stored as text."""

from __future__ import annotations

import json
from typing import Any

from recourse.contracts.events.refusal import Refused, RefusedCode


def loads(raw: bytes) -> Any:
    """Raises Refused for anything but well-formed UTF-8 JSON; never another error, whatever the bytes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(RefusedCode.NOT_UTF8, "value", f"bytes are not UTF-8 at {error.start}") from None
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(RefusedCode.NOT_JSON, "value", "contains half a surrogate pair") from None
    except RecursionError:
        raise Refused(RefusedCode.NOT_JSON, "value", "nested too deeply") from None
    except ValueError as error:
        raise Refused(RefusedCode.NOT_JSON, "value", _reason(error)) from None
    if "\\u0000" in text or "\x00" in text:
        raise Refused(RefusedCode.NOT_JSON, "value", "contains a NUL character, which no text column holds")
    return value


def _reason(error: ValueError) -> str:
    """Position and kind; the decoder's own text would quote the document."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON at line {error.lineno}, column {error.colno}"
    return str(error) if isinstance(error, _Own) else "a number is out of range"


class _Own(ValueError):
    """Our own refusals, whose text is safe to show."""


def _no_constant(name: str) -> Any:
    raise _Own(f"{name} is not a JSON number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Own("an object names a key twice")
    return result
