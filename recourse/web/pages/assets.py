"""What browsers load beside the pages: from this package and from nowhere else, under the digest of its
bytes, so that it may be kept for ever and a new release is never mixed with an old one."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from fastapi import HTTPException, Request, Response

FOR_EVER: Final = "public, max-age=31536000, immutable"
NAMES: Final = (
    "vendor/tabler.min.css",
    "vendor/htmx.min.js",
    "app.css",
    "look.js",
    "app.js",
)


@dataclass(frozen=True, slots=True)
class Asset:
    path: str
    kind: str
    content: bytes


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """By name."""
    found = {}
    for name in NAMES:
        content = (files("recourse.web.pages") / "static" / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        found[name] = Asset(f"/static/{digest}/{name}", kind, content)
    return MappingProxyType(found)


def address(name: str) -> str:
    """Where a page loads it from. Raises KeyError for what is not served."""
    return assets()[name].path


async def serve(request: Request) -> Response:
    asked = request.url.path
    asset = next((one for one in assets().values() if one.path == asked), None)
    if asset is None:
        raise HTTPException(404)
    return Response(asset.content, media_type=asset.kind, headers={"Cache-Control": FOR_EVER})
