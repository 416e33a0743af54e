"""The legal desk's HTTP endpoint: the dossier under an idempotency key, answered with a reference; and its
recall, answered with what became of it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from recourse.gateways.http import check, parsed, trusted
from recourse.ports import Handover, NotHandedOver, OutcomeUnknown, Recall, RecallAnswer

_REFERENCE = re.compile(r"[\x21-\x7e]{1,128}")
"""What a status of the desk may name (`recourse.web.shapes.Key`): under another it could report nothing."""


class HttpLegalDesk:
    """Repeating is safe: the desk answers the same key and body with the same reference."""

    def __init__(self, url: str, token: str, *, timeout: float = 30) -> None:
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            verify=trusted(),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def hand_over(self, handover: Handover) -> str:
        response = await self._post("/handovers", handover.key, handover.document)
        check("legal_desk", response)
        reference = _reference(response)
        if reference is None:
            raise OutcomeUnknown("legal_desk: a yes without a reference that can be used")
        return reference

    async def recall(self, recall: Recall) -> RecallAnswer:
        about = {"handover": recall.handover, "reference": recall.reference, "reason": recall.reason}
        response = await self._post("/recalls", recall.key, json.dumps(about).encode())
        said = _object(response).get("recall")
        if response.status_code == httpx.codes.NOT_FOUND and said == RecallAnswer.UNKNOWN:
            return RecallAnswer.UNKNOWN  # any other 404 may come from a desk that knows no recalls
        check("legal_desk", response)
        try:
            return RecallAnswer(str(said))
        except ValueError:
            raise OutcomeUnknown("legal_desk: an answer to a recall that cannot be read") from None

    async def _post(self, path: str, key: str, content: bytes) -> httpx.Response:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        try:
            return await self._client.post(path, content=content, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotHandedOver("legal_desk: no connection") from None
        except httpx.HTTPError:
            raise OutcomeUnknown("legal_desk: no answer to what was sent") from None


def _reference(response: httpx.Response) -> str | None:
    """None where a file may have been taken and nobody can say under which name."""
    reference = _object(response).get("reference")
    return reference if isinstance(reference, str) and _REFERENCE.fullmatch(reference) else None


def _object(response: httpx.Response) -> dict[str, Any]:
    """Empty for what is no JSON object."""
    try:
        answer: Any = parsed(response)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
