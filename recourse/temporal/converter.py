"""How values become payloads: the same for every client, worker and replayer."""

from __future__ import annotations

from dataclasses import replace

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes

from recourse.temporal.codec import KeyRing, SealedPayloads


def sealed_converter(ring: KeyRing) -> DataConverter:
    """Messages and stack traces of failures are payloads too, else they would stand in the history as they
    are."""
    return replace(
        pydantic_data_converter,
        payload_codec=SealedPayloads(ring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
