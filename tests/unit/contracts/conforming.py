"""Whether a value is as a JSON schema says."""

from __future__ import annotations

from typing import Any


def conforms(value: Any, *, schema: Any) -> None:
    """Raises jsonschema's ValidationError, which names the field."""
    # Not above: its import compiles the grammars of rfc3987-syntax, which takes longer than to collect all
    # tests, and every worker collects this one.
    from jsonschema import Draft202012Validator

    Draft202012Validator(schema).validate(value)
