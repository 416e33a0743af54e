"""What a form sent: names with one value each."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

MOST_FIELDS = 50


async def form(request: Request) -> Mapping[str, str]:
    """Read once and kept with the request. Raises 422 for what no form of ours sends."""
    kept: Mapping[str, str] | None = getattr(request.state, "form", None)
    if kept is not None:
        return kept
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(422, "a form of ours sends other fields") from None
    if any(len(values) > 1 for values in fields.values()):
        raise HTTPException(422, "a field was sent twice")
    request.state.form = {name: values[0] for name, values in fields.items()}
    return await form(request)
