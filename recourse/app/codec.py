"""`recourse codec`: the codec server of Temporal's Web UI."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from urllib.parse import urlsplit

from temporalio.api.common.v1 import Payload

from recourse.app.compose import key_ring, services
from recourse.app.settings import Settings, SettingsError
from recourse.app.stopping import stop_signal
from recourse.app.web import Place, served, tls_of
from recourse.temporal.codec import SealedPayloads, Undecodable
from recourse.web.codec import CodecParts, build_codec


def origin_of(ui: str) -> str:
    """Of the pages of the UI, as a browser names it."""
    parts = urlsplit(ui)
    return f"{parts.scheme}://{parts.netloc}"


async def run_codec(settings: Settings, stopping: asyncio.Event | None = None) -> None:
    """Raises SettingsError without a key, without the UI's address, and for a port that is taken."""
    stopping = stopping or stop_signal()
    if not settings.temporal_ui_url:
        raise SettingsError("RECOURSE_TEMPORAL_UI_URL: missing; only its pages may ask the codec server")
    codec = SealedPayloads(key_ring(settings))
    namespace = os.environ.get("TEMPORAL_NAMESPACE", "default")
    async with services(settings) as running:
        ui = origin_of(settings.temporal_ui_url)
        parts = CodecParts(running, partial(opened, codec), namespace, ui)
        where = Place("RECOURSE_CODEC", settings.codec_host, settings.codec_port, tls_of(settings))
        await served(build_codec(parts), where, stopping)


def opened(codec: SealedPayloads, payload: Payload) -> Payload | None:
    """None for one that says it is ours and cannot be opened."""
    try:
        return codec.opened(payload)
    except Undecodable:
        return None
