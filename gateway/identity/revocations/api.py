"""HTTP out for the list that every verifier follows."""

from fastapi import Request

from chassis.db import database_of
from chassis.operations import Router
from gateway.identity.revocations import service
from gateway.identity.revocations.models import Ended, RevocationsOut

router = Router(tags=["identity"])


@router.get("/.well-known/revocations")
async def get_revocations(request: Request) -> RevocationsOut:
    """Show which sessions and callers were ended before their tokens ran out."""
    ended = await service.ended(database_of(request))
    return RevocationsOut(ended=[Ended(id=name, before=when) for name, when in ended.items()])
