"""What must hold of what was measured. A check that fails takes the number away."""

from __future__ import annotations

from bench.bed import Bed, Failed

OF_PREFIX = "starts_with(loan_id, $1 || '-')"
"""The loans of one round."""
_COUNTS = f"""
    SELECT (SELECT count(*) FROM collection_case WHERE {OF_PREFIX}) AS cases,
           (SELECT count(DISTINCT loan_id) FROM collection_case WHERE {OF_PREFIX}) AS loans_with_a_case,
           (SELECT count(*) FROM collection_case WHERE decision = 1 AND {OF_PREFIX}) AS cases_decided_once,
           (SELECT count(*) FROM step WHERE event = 'planned' AND {OF_PREFIX}) AS decisions,
           (SELECT count(*) FROM fact WHERE {OF_PREFIX}) AS facts,
           (SELECT count(*) FROM contact_attempt WHERE {OF_PREFIX}) AS contacts
"""  # noqa: S608 - the condition is a constant


async def settled(bed: Bed) -> None:
    """Nothing of this round is left to do when the next begins. Raises Failed when it does not come."""

    async def delivered() -> bool:
        return not await bed.one("SELECT count(*) FROM collection_case WHERE facts_due > facts_delivered")

    await bed.until("every nudge marked as delivered", delivered, 60, every=0.1)


async def one_decision_each(bed: Bed, prefix: str, loans: int, facts: int) -> None:
    """Each loan has its facts once, one case, one `planned` step, no message sent, and one durable run."""
    wanted = dict.fromkeys(("cases", "loans_with_a_case", "cases_decided_once", "decisions"), loans)
    wanted |= {"facts": loans * facts, "contacts": 0}
    found = dict(await bed.rows.fetchrow(_COUNTS, prefix) or {})
    if found != wanted:
        raise Failed(f"{prefix}: {found}, expected {wanted}")
    await _one_run_each(bed, prefix, loans)


async def _one_run_each(bed: Bed, prefix: str, loans: int) -> None:
    """Visibility lags behind a little, so it is asked until it agrees."""
    query = f"WorkflowType = 'CollectionCase' AND WorkflowId STARTS_WITH 'case-{prefix}-'"
    found = 0

    async def agrees() -> bool:
        nonlocal found
        found = (await bed.client.count_workflows(query)).count
        return found >= loans

    await bed.until(f"{loans} runs of {prefix} visible", agrees, 30, every=0.2)
    if found != loans:
        raise Failed(f"{prefix}: {found} durable runs for {loans} cases")
