"""The vault as the settings name it: the key ring, and what wraps data keys by it."""

from __future__ import annotations

from pathlib import Path

from recourse.app.settings import Settings, SettingsError
from recourse.domain.privacy.key_ring import KeyRing, KeyRingError
from recourse.gateways.key_wrapping import RingWrapper
from recourse.storage.vault import Vault


def vault(settings: Settings) -> Vault | None:
    """None where no keys are set: then nothing that needs any can be done. Raises SettingsError."""
    ring = key_ring(settings)
    if ring is None:
        return None
    return Vault(RingWrapper(ring.wrapping), ring.index, settings.privacy_key_cache_seconds)


def required(settings: Settings) -> None:
    """For a process that will surely need them: better not to start than to stop at the first person.

    Raises SettingsError.
    """
    if key_ring(settings) is None:
        how = "make one with `recourse privacy keygen FILE --id ID`, and keep a copy of it elsewhere"
        raise SettingsError(f"RECOURSE_PRIVACY_KEYS_FILE: missing; {how}")


def key_ring(settings: Settings) -> KeyRing | None:
    """Raises SettingsError for one that cannot be used."""
    path, text = settings.privacy_keys_file, settings.privacy_keys.get_secret_value()
    if path and text:
        raise SettingsError("RECOURSE_PRIVACY_KEYS: the key ring is in RECOURSE_PRIVACY_KEYS_FILE; unset one")
    try:
        if path:
            return KeyRing.parse(Path(path).read_text(encoding="utf-8"))
        return KeyRing.parse(text) if text else None
    except OSError as error:
        how = "make it with `recourse privacy keygen`, or mend the path"
        raise SettingsError(f"RECOURSE_PRIVACY_KEYS_FILE: {path}: {error.strerror}; {how}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"RECOURSE_PRIVACY_KEYS_FILE: {path}: is no text") from None
    except KeyRingError as error:
        name = "RECOURSE_PRIVACY_KEYS_FILE" if path else "RECOURSE_PRIVACY_KEYS"
        raise SettingsError(f"{name}: {error}") from None
