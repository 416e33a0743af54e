"""What anybody can read who has the database and no keys: every column of every table, as text."""

from __future__ import annotations

from collections.abc import Iterable

from tests.integration.conftest import World

_TABLES = """
SELECT quote_ident(relname) AS name FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1
"""


async def found_in_plain(world: World, words: Iterable[str]) -> dict[str, list[str]]:
    """Word -> tables in which it can be read, as text or as the bytes of one (`bytea` is shown in hex)."""
    found: dict[str, list[str]] = {word: [] for word in words}
    for table in await world.rows(_TABLES):
        rows = await world.rows(f"SELECT t::text AS row FROM {table['name']} t")
        text = "\n".join(row["row"] for row in rows)
        for word, tables in found.items():
            # A document in JSON may have signs beyond ASCII escaped.
            escaped = word.encode("unicode_escape").decode()
            if word in text or word.encode().hex() in text or escaped in text:
                tables.append(table["name"])
    return {word: tables for word, tables in found.items() if tables}
