"""From a template and values to a page, in the reader's language and look."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from recourse.service.signing_in import Visitor
from recourse.web.pages.assets import address
from recourse.web.pages.language import LANGUAGES, Words, chosen, words
from recourse.web.pages.navigation import shown_to

LOOKS: Final = ("light", "dark")
POLICY: Final = (
    # Pictures of the style sheet stand in it as data; nothing else is inline, and nothing from elsewhere.
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """StrictUndefined: a name that a template misspells is a fault and not a blank."""
    made = Environment(
        loader=PackageLoader("recourse.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    said: Words = words(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        said.translations.ugettext, said.translations.ungettext, newstyle=True
    )
    made.globals |= {"words": said, "asset": address}
    made.filters |= {"day": said.day, "number": said.number}
    return made


def language_of(request: Request) -> str:
    who: Visitor | None = getattr(request.state, "visitor", None)
    asked = request.query_params.get("language") if who is None else who.language
    return chosen(asked, request.headers.get("accept-language", ""))


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page, or the part of one that htmx asked for, where the template is a part (`_name.html`)."""
    who: Visitor | None = getattr(request.state, "visitor", None)
    look = who.look if who is not None and who.look in LOOKS else None
    around = {
        "visitor": who,
        "csrf": who.csrf if who is not None else "",
        "look": look,
        "here": request.url.path,
        "entries": shown_to(who.caller.role) if who is not None and who.whole else [],
    }
    text = environment(language_of(request)).get_template(template).render(**around, **values)
    # Under `no-referrer` a browser says `Origin: null` of our own forms, which the guard refuses.
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    return HTMLResponse(text, status, headers)
