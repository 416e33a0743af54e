"""The legal desk's HTTP endpoint: the dossier under an idempotency key, answered with a reference."""

from __future__ import annotations

import httpx

from recourse.gateways.http import check
from recourse.ports import Handover, NotHandedOver, OutcomeUnknown, RefusedByProvider


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
        try:
            reference = response.json()["reference"]
        except (ValueError, KeyError, TypeError):
            raise RefusedByProvider("legal_desk_no_reference") from None
        return str(reference)
