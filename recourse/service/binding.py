"""Which lenders a confined token is for, and which loans a dialler's. One that is bound to none sees none."""

from __future__ import annotations

from recourse.domain.ids import LoanId
from recourse.service.context import Unit
from recourse.service.noting import Pointless, Unknown
from recourse.storage import token_scopes
from recourse.storage.token_scopes import Bound

BOUND_ROLE = "dialler"
"""Of those who may be bound to single loans; its tokens are always confined."""
NOT_YOURS = "loan: none of this id is yours; ask who issued your token to bind it"
"""The same for a loan there is none of: who may not ask about it does not learn whether there is one."""


async def bind(unit: Unit, actor: str, more: Bound) -> Bound:
    """All that it is bound to then. Safe to repeat.

    Raises Unknown for an actor without a token, a lender or a loan there is none of, and Pointless for a
    token that sees every lender's loans, or for loans and a token of another role. Nothing is bound then.
    """
    await _check(unit, actor, more)
    known = {lender.name for lender in unit.lenders.values()}
    known |= await token_scopes.lenders_known(unit.tx, [name for name in more.lenders if name not in known])
    for name in more.lenders:
        if name not in known:
            raise Unknown(f"lender {name}: no loan and no setting names it")
    loans = await token_scopes.loans_known(unit.tx, more.loans)
    for key in more.loans:
        if key not in loans:
            raise Unknown(f"loan {key}: there is none; list them with `recourse cases list`")
    await token_scopes.add(unit.tx, actor, more, unit.now)
    return await token_scopes.of_actor(unit.tx, actor)


async def unbind(unit: Unit, actor: str, less: Bound | None) -> Bound:
    """All that it is bound to then. less: None for everything. A slot that was reserved is still told of."""
    await _check(unit, actor, less or Bound())
    gone = less if less is not None else await token_scopes.of_actor(unit.tx, actor)
    await token_scopes.end(unit.tx, actor, gone, unit.now)
    return await token_scopes.of_actor(unit.tx, actor)


async def must_cover(unit: Unit, actor: str, loan_id: LoanId) -> None:
    """Raises Unknown for a loan that is not one of the token's."""
    if not await token_scopes.covers(unit.tx, actor, loan_id):
        raise Unknown(NOT_YOURS)


async def _check(unit: Unit, actor: str, named: Bound) -> None:
    kind = await token_scopes.kind_of(unit.tx, actor)
    if kind is None:
        raise Unknown(f"actor {actor}: no token was issued under it; see `recourse tokens list`")
    role, confined = kind
    if not confined:
        raise Pointless("actor: this token is for every lender; issue another with --lender, and revoke it")
    if named.loans and role != BOUND_ROLE:
        raise Pointless(f"actor: a token of the role {role} is not bound to loans; one of {BOUND_ROLE} is")
