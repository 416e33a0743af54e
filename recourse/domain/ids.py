"""Identifiers. All of them are opaque: none may be built from a name, phone, plate or account number."""

from typing import NewType

LoanId = NewType("LoanId", str)
PersonId = NewType("PersonId", str)
"""The bank's customer number: one person may have several loans."""
ContactPointId = NewType("ContactPointId", str)
CaseId = NewType("CaseId", str)
"""``case-<loan>-<episode>``; also the workflow id (`recourse.contracts.names.case_id`)."""
FactId = NewType("FactId", int)
"""Rises in the order facts were accepted; a higher id on the same loan or person was accepted later."""
TaskId = NewType("TaskId", str)
