"""Whether a text that somebody sent back asks us to write no more.

Sources. 47 CFR 64.1200(a)(10) (second_hand): a reply of "stop", "quit", "end", "revoke", "opt out", "cancel"
or "unsubscribe" revokes the consent, and so do any other words that a reasonable person would understand so.
12 CFR 1006.14(h)(1) (second_hand): a medium that a person asked not to be used is not used. In China consent
may be withdrawn, easily (PIPL 15, general_knowledge); which words are used there is general_knowledge too.

A text that begins with such a word counts, whatever follows: to take a text for a stop that was none costs
us one channel, to take a stop for none is what the law forbids. What else may be meant so, a person reads.
"""

from __future__ import annotations

import unicodedata

FIRST = (
    "stop",
    "stopall",
    "quit",
    "end",
    "revoke",
    "opt out",
    "optout",
    "cancel",
    "unsubscribe",
    "arret",
    "td",
)
"""As the first words of the text."""
ALONE = ("t",)
"""Only as the whole text: many a sentence begins with a letter."""
ANYWHERE = ("退订", "退訂", "拒收", "停发", "停發")
"""No other reply contains them; Chinese has no spaces between its words."""
PREFIX = ("停止", "取消")
_POLITE = ("please", "pls", "plz", "kindly", "just", "so")
_POLITE_PREFIX = ("请", "請")


def asks_to_stop(text: str) -> bool:
    """Whatever the case, width, accents, spaces and punctuation."""
    words = _words(text)
    while words and words[0] in _POLITE:
        words = words[1:]
    plain = " ".join(words)
    if plain in ALONE or any(plain == first or plain.startswith(first + " ") for first in FIRST):
        return True
    joined = "".join(words)
    for polite in _POLITE_PREFIX:
        joined = joined.removeprefix(polite)
    return joined.startswith(PREFIX) or any(word in joined for word in ANYWHERE)


def _words(text: str) -> list[str]:
    """Full width becomes half width, accents fall off, what is neither letter nor digit parts words, and
    signs that nobody sees part nothing."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(sign for sign in plain if unicodedata.category(sign) not in {"Mn", "Cf"})
    return "".join(sign if sign.isalnum() else " " for sign in kept).split()
