"""Search attributes of a case in the Temporal UI: codes only, no person can be found by them."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey

STAGE = SearchAttributeKey.for_keyword("RecourseStage")
BUCKET = SearchAttributeKey.for_keyword("RecourseBucket")
REGION = SearchAttributeKey.for_keyword("RecourseRegion")
TEAM = SearchAttributeKey.for_keyword("RecourseTeam")
STRATEGY = SearchAttributeKey.for_keyword("RecourseStrategy")
NEXT_DUE = SearchAttributeKey.for_datetime("RecourseNextDue")

ALL = (STAGE, BUCKET, REGION, TEAM, STRATEGY, NEXT_DUE)
