"""Metro 2: a credit bureau file of car loans, read as the bank's events.

Nothing of a borrower is taken over. Ids are minted from a keyed hash of the account number; name, phone,
e-mail and address are invented and say so. Field numbers are those of the Credit Reporting Resource Guide
(CRRG), base segment, 426 characters.
"""

from recourse.importers.metro2.book import Accounting, Book, Ignored, read_book
from recourse.importers.metro2.events import Origin, bank_events
from recourse.importers.metro2.reader import EARLIEST, read
from recourse.importers.metro2.records import BaseSegment, Finding, Header, Rejected, Trailer

__all__ = [
    "EARLIEST",
    "Accounting",
    "BaseSegment",
    "Book",
    "Finding",
    "Header",
    "Ignored",
    "Origin",
    "Rejected",
    "Trailer",
    "bank_events",
    "read",
    "read_book",
]
