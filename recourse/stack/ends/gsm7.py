"""The GSM 03.38 default alphabet, one septet in one octet as SMPP carries it with data_coding 0."""

from __future__ import annotations

from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))
ESCAPE: Final = 0x1B


def decode(octets: bytes) -> str:
    """The text of unpacked septets; what the alphabet does not have becomes U+FFFD."""
    characters, escaped = [], False
    for octet in octets:
        if octet == ESCAPE and not escaped:
            escaped = True
            continue
        basic = BASIC[octet] if octet < len(BASIC) else "\ufffd"
        characters.append(EXTENSION.get(octet, basic) if escaped else basic)
        escaped = False
    return "".join(characters)
