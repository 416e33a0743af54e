"""Canonical JSON (RFC 8785): by the library, and by Python's own encoder in C for what both write alike.

The library walks a value in Python and takes most of the time that sealing has.
"""

from __future__ import annotations

import json
from typing import Any, Final

import rfc8785

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_MOST: Final = 2**53


def canonical(value: Any) -> bytes:
    """Plain JSON as its one sequence of bytes. Raises ValueError for what has none."""
    return _ENCODER.encode(value).encode() if _alike(value) else rfc8785.dumps(value)


def _alike(value: Any) -> bool:
    """Python writes floats otherwise, and sorts names by code points where RFC 8785 wants UTF-16: for ASCII
    that is the same. A loop over exact types, for this takes a quarter of what sealing a row takes."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is dict:
            for name in one:
                if type(name) is not str or not name.isascii():
                    return False
            waiting += one.values()
        elif kind is list:
            waiting += one
        elif kind is int:
            if not -_MOST < one < _MOST:
                return False
        elif kind is not str and kind is not bool and one is not None:
            return False
    return True
