"""Contact data that no person has, and ids that tell nothing.

Phone numbers are from the range 555-0100 to 555-0199, which the North American Numbering Plan keeps for
fiction; the e-mail domain is under `.invalid` (RFC 2606). Area codes are all of the Eastern zone, so that the
zone told by the number is the lender's.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

_AREAS: Final = (
    *(201, 202, 203, 207, 212, 215, 216, 239, 240, 267, 301, 302, 305, 315, 321, 330),
    *(339, 347, 352, 386, 401, 404, 407, 410, 412, 413, 419, 434, 440, 443, 470, 475),
)
_LINES: Final = 100


def opaque(kind: str, account_number: str, key: bytes) -> str:
    """An id of 20 hex digits. kind: "loan" or "person". key: whoever lacks it cannot try account numbers."""
    digest = hashlib.blake2b(
        f"{kind} {account_number}".encode(), digest_size=10, key=hashlib.sha256(key).digest()
    )
    return digest.hexdigest()


def mobile(ordinal: int) -> str:
    """The n-th number, E.164; the first 3,200 differ."""
    area = _AREAS[ordinal // _LINES % len(_AREAS)]
    return f"+1{area}55501{ordinal % _LINES:02d}"


def borrower(ordinal: int, person_id: str, zone: str, region: str) -> dict[str, Any]:
    """The `borrower` of a snapshot. ordinal: the line in the file, so that one can find the record again."""
    return {
        "id": person_id,
        "name": f"Imported borrower {ordinal:06d}",
        "language": "en",
        "zone": zone,
        "addresses": [{"kind": "home", "text": "Invented address, imported loan", "region": region}],
        "contact_points": [
            {"kind": "mobile", "value": mobile(ordinal), "consent": ["sms", "call"]},
            {
                "kind": "email",
                "value": f"imported-borrower-{ordinal:06d}@example.invalid",
                "consent": ["email"],
            },
        ],
    }
