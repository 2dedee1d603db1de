"""HTTP in and out for subscription keys; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.auth import CallerDep
from chassis.db import WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from gateway.identity.subscriptions import service
from gateway.identity.subscriptions.models import KeyOut

KEYS = "/v1/identity/clients/{client_id}/subscription-keys"

router = Router(tags=["identity"], route_class=Once)


@router.post(KEYS, status_code=201)
async def make_subscription_key(
    client_id: UUID, response: Response, caller: CallerDep, session: WriteSession
) -> KeyOut:
    """Give a client a key for `Ocp-Apim-Subscription-Key`; the one before counts on beside it."""
    made = await service.make(session, client_id, caller)
    response.headers["Cache-Control"] = "no-store"
    return made


@router.delete(KEYS, status_code=204)
async def end_subscription_keys(client_id: UUID, caller: CallerDep, session: WriteSession) -> None:
    """End the keys of a client; within a minute none of them is let in."""
    await service.end(session, client_id, caller)
