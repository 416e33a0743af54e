"""Who calls: a bearer token, looked up at every request, and the roles a route permits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

import structlog
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from recourse.contracts.delivery import Unavailable
from recourse.delivery import Delivery
from recourse.service.context import Services
from recourse.service.tokens import Caller, caller, has_the_shape
from recourse.web.rate import Door

log = structlog.get_logger(__name__)
_bearer = HTTPBearer(auto_error=False)


async def current_caller(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """From here on the request has a delivery that shows the loans of the caller's lenders and no others;
    a route that asks for no caller has none at all."""
    delivery: Delivery = request.app.state.delivery
    token = given.credentials if given is not None else ""
    known = await caller_of(request, request.app.state.door, delivery.services, token)
    if known is None:
        raise HTTPException(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})
    request.state.delivery = delivery.for_lenders(known.lenders)
    return known


async def caller_of(request: Request, door: Door, services: Services, token: str) -> Caller | None:
    """Whose token it is; None for one that is nobody's. Raises 429 for who asks, or guesses, too often."""
    knock = door.knock(request, token)
    known = None
    if has_the_shape(token):
        try:
            async with services.database.reading() as tx:
                known = await caller(tx, token)
        except Unavailable:
            knock.forgive()
            raise
    if known is None:
        door.turn_away(knock)
    else:
        door.let_in(knock, known.actor)
    return known


def only(*roles: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets these roles in; admin always."""

    async def permitted(who: Annotated[Caller, Depends(current_caller)]) -> Caller:
        refuse_role(who, roles)
        return who

    return permitted


def refuse_role(who: Caller, roles: Iterable[str]) -> None:
    """Raises 403 for who has none of the roles; admin has every one."""
    if who.role not in {*roles, "admin"}:
        log.warning("refused to the role", actor=who.actor, role=who.role)
        raise HTTPException(403, f"the role {who.role} may not do this")
