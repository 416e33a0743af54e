"""Examining letters: whether they can be written, signed, and laid where somebody prints them."""

from __future__ import annotations

import os
from importlib.util import find_spec

from recourse.app.compose import letter_press
from recourse.app.findings import Finding, found
from recourse.app.settings import Settings, SettingsError

_EXTRA = "install recourse-collections[letters] where the worker runs"


async def letters(settings: Settings) -> list[Finding]:
    """Nothing where no lender has an address: then no letter is written at all. No time stamp is asked for:
    some authorities bill each."""
    if not any(lender.address for lender in settings.lenders.values()):
        return []
    if find_spec("typst") is None:
        return [Finding("letters", "finding", "the Typst compiler is not installed", _EXTRA)]
    try:
        letter_press(settings)
    except SettingsError as error:
        return [Finding("letters", "finding", "cannot be signed", str(error))]
    folder = settings.letters_folder
    if not folder:
        return [Finding("letters", "finding", "nobody prints and posts them", "set RECOURSE_LETTERS_FOLDER")]
    signed = "signed" if settings.letters_certificate_file else "not signed"
    says = f"are written, {signed}, and laid into {folder}"
    return [found("letters", says, "let the worker write there", bad=not os.access(folder, os.W_OK))]
