"""The legal desk's HTTP endpoint: the dossier under an idempotency key, answered with a reference."""

from __future__ import annotations

import re
from typing import Any

import httpx

from recourse.gateways.http import check, parsed
from recourse.ports import Handover, NotHandedOver, OutcomeUnknown

_REFERENCE = re.compile(r"[\x21-\x7e]{1,128}")
"""What a status of the desk may name (`recourse.web.shapes.Key`): under another it could report nothing."""


class HttpLegalDesk:
    """Repeating is safe: the desk answers the same key and body with the same reference."""

    def __init__(self, url: str, token: str, *, timeout: float = 30) -> None:
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"), headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def hand_over(self, handover: Handover) -> str:
        headers = {"Idempotency-Key": handover.key, "Content-Type": "application/json"}
        try:
            response = await self._client.post("/handovers", content=handover.document, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotHandedOver("legal_desk: no connection") from None
        except httpx.HTTPError:
            raise OutcomeUnknown("legal_desk: no answer to a file that was sent") from None
        check("legal_desk", response)
        reference = _reference(response)
        if reference is None:
            raise OutcomeUnknown("legal_desk: a yes without a reference that can be used")
        return reference


def _reference(response: httpx.Response) -> str | None:
    """None where a file may have been taken and nobody can say under which name."""
    try:
        answer: Any = parsed(response)
    except ValueError:
        return None
    reference = answer.get("reference") if isinstance(answer, dict) else None
    return reference if isinstance(reference, str) and _REFERENCE.fullmatch(reference) else None
