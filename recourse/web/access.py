"""Who calls: a bearer token, looked up at every request, and the roles a route permits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from recourse.delivery import Delivery
from recourse.service.tokens import Caller, caller, has_the_shape

_bearer = HTTPBearer(auto_error=False)


async def current_caller(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """From here on the request has a delivery that shows the loans of the caller's lenders and no others;
    a route that asks for no caller has none at all."""
    delivery: Delivery = request.app.state.delivery
    if given is not None and has_the_shape(given.credentials):
        async with delivery.services.database.reading() as tx:
            known = await caller(tx, given.credentials)
        if known is not None:
            request.state.delivery = delivery.for_lenders(known.lenders)
            return known
    raise HTTPException(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})


def only(*roles: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets these roles in; admin always."""

    async def permitted(who: Annotated[Caller, Depends(current_caller)]) -> Caller:
        if who.role not in {*roles, "admin"}:
            raise HTTPException(403, f"the role {who.role} may not do this")
        return who

    return permitted
