"""HTTP in and out for API clients; no decisions."""

from datetime import timedelta
from uuid import UUID

from fastapi import Request, Response

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from gateway.identity.clients import service
from gateway.identity.clients.models import ClientIn, ClientSecret, ClientsOut, NewSecret
from gateway.identity.issuer import Issuer

CLIENTS = "/v1/identity/clients"

router = Router(tags=["identity"], route_class=Once)


@router.post(CLIENTS, status_code=201)
async def create_client(
    form: ClientIn, response: Response, caller: CallerDep, session: WriteSession
) -> ClientSecret:
    """Make a client with its roles; its secret is in this answer and nowhere else."""
    client, secret = await service.create(session, form, caller)
    response.headers["Location"] = f"{CLIENTS}/{client.id}"
    response.headers["Cache-Control"] = "no-store"
    [shown] = await service.shown(session, [client])
    return ClientSecret(**shown.model_dump(), client_secret=secret)


@router.post(CLIENTS + "/{client_id}/secret", status_code=201)
async def renew_client_secret(
    client_id: UUID, form: NewSecret, response: Response, caller: CallerDep, session: WriteSession
) -> ClientSecret:
    """Give a client a new secret, beside which the old one counts for some hours."""
    overlap = timedelta(hours=form.overlap_hours)
    client, secret = await service.renew_secret(session, client_id, caller.id, overlap)
    response.headers["Cache-Control"] = "no-store"
    [shown] = await service.shown(session, [client])
    return ClientSecret(**shown.model_dump(), client_secret=secret)


@router.get(CLIENTS)
async def list_clients(
    session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> ClientsOut:
    found = await service.find(session, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return ClientsOut(items=await service.shown(session, page), next_cursor=following)


@router.delete(CLIENTS + "/{client_id}", status_code=204)
async def revoke_client(
    client_id: UUID, request: Request, caller: CallerDep, session: WriteSession
) -> None:
    """End a client: it gets no more tokens, and those it has are void within a minute."""
    issuer: Issuer = request.app.state.issuer
    await service.revoke(session, issuer.revocations, client_id, caller)
