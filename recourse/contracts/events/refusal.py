"""Why a record can never be understood. The text names the field and the remedy, never the value."""

from __future__ import annotations

from enum import StrEnum


class RefusedCode(StrEnum):
    NO_VALUE = "no_value"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    MISSING_ATTRIBUTE = "missing_attribute"
    BAD_ATTRIBUTE = "bad_attribute"
    UNKNOWN_SPEC_VERSION = "unknown_spec_version"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    MISSING_KEY = "missing_key"
    KEY_NOT_SUBJECT = "key_not_subject"
    INVALID_DATA = "invalid_data"
    UNACCEPTABLE = "unacceptable"
    """Well-formed, but it can never be stored or belongs to no loan we may know."""


class Refused(Exception):
    """One record is refused; its neighbours go on."""

    def __init__(self, code: RefusedCode, field: str, message: str) -> None:
        super().__init__(f"{code}: {field}: {message}")
        self.code = code
        self.field = field
        self.message = message
