"""Search attributes of a case in the Temporal UI: codes only, no person can be found by them."""

from __future__ import annotations

from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair

from recourse.contracts.messages import PlanData

STAGE = SearchAttributeKey.for_keyword("RecourseStage")
BUCKET = SearchAttributeKey.for_keyword("RecourseBucket")
REGION = SearchAttributeKey.for_keyword("RecourseRegion")
TEAM = SearchAttributeKey.for_keyword("RecourseTeam")
STRATEGY = SearchAttributeKey.for_keyword("RecourseStrategy")
NEXT_DUE = SearchAttributeKey.for_datetime("RecourseNextDue")

ALL = (STAGE, BUCKET, REGION, TEAM, STRATEGY, NEXT_DUE)


def of_plan(plan: PlanData) -> list[SearchAttributePair[Any]]:
    """What a case can be found by. Bucket, team and next due are as of the last renewal of its run: a change
    of stage, a move to another ladder, or a history that had become long."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(STAGE, plan.stage),
        SearchAttributePair(BUCKET, plan.bucket),
        SearchAttributePair(STRATEGY, plan.strategy),
        SearchAttributePair(TEAM, plan.team or "none"),
    ]
    if plan.due_at is not None:
        pairs.append(SearchAttributePair(NEXT_DUE, plan.due_at))
    return pairs
