"""What can be done with API clients. Callers own the transaction."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.issuer import Revocations
from chassis.problems import Problem, not_found
from gateway.identity.assignments import rules
from gateway.identity.assignments import service as assignments
from gateway.identity.assignments.models import Assignment
from gateway.identity.clients.models import Client, ClientIn, ClientOut
from gateway.identity.organisations import service as organisations
from gateway.identity.revocations import service as ends

NO_SECRET = hashlib.sha256(b"").hexdigest()


def new_secret() -> str:
    """Return 256 random bits; being random they need no slow hash."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


async def create(session: AsyncSession, form: ClientIn, by: Caller) -> tuple[Client, str]:
    """Make a client with an assignment for each of its roles; some may wait for an approval."""
    await organisations.ensure(session, form.organisation)
    secret = new_secret()
    client = Client(
        **form.model_dump(exclude={"roles", "places"}),
        client_id=f"client-{secrets.token_hex(8)}",
        secret_hash=hash_of(secret),
    )
    session.add(client)
    audit.note(session, by, "create", "client", client.id, fields=form.roles)
    for role in dict.fromkeys(form.roles):
        assignment = Assignment(
            holder=client.client_id,
            role=role,
            organisation=client.organisation,
            places=list(form.places),
            asked_by=by.id,
        )
        await assignments.assign(session, assignment)
    return client, secret


async def ensure(
    session: AsyncSession, client_id: str, secret: str, *, name: str, roles: Sequence[str]
) -> None:
    """Make the client of an installation, or bring its secret to the one that it was told."""
    client = await _by_client_id(session, client_id)
    if client is None:
        client = Client(client_id=client_id, name=name, secret_hash="", organisation="iom")
        await organisations.ensure(session, client.organisation)
        moment = now()
        session.add_all(
            Assignment(
                holder=client_id,
                role=role,
                organisation=client.organisation,
                places=["LY"],
                asked_at=moment,
                approved_at=moment,
            )
            for role in roles
        )
    client.secret_hash = hash_of(secret)
    session.add(client)


async def authenticate(session: AsyncSession, client_id: str, secret: str) -> Client:
    """Return the client; an unknown one, a wrong secret and a revoked one answer alike."""
    client = await _by_client_id(session, client_id)
    moment = now()
    hashed = hash_of(secret)
    right = compare_digest(client.secret_hash if client else NO_SECRET, hashed)
    old = compare_digest((client and client.old_secret_hash) or NO_SECRET, hashed)
    if client and old and client.old_secret_until and client.old_secret_until > moment:
        right = True
    over = (
        client is None or client.revoked_at or (client.expires_at and client.expires_at <= moment)
    )
    if client is None or not right or over:
        raise Problem(
            401,
            "invalid-client",
            "The client or its secret is wrong.",
            headers={"WWW-Authenticate": 'Basic realm="masar"'},
        )
    return client


async def account(session: AsyncSession, client_id: str) -> audit.Actor | None:
    """Return who a client is on record; none when there is no such client."""
    client = await _by_client_id(session, client_id)
    return audit.Actor(client.client_id, client.organisation) if client else None


def _is_over(client: Client, moment: datetime) -> bool:
    expired = client.expires_at is not None and client.expires_at <= moment
    return expired or client.revoked_at is not None


async def renew_secret(
    session: AsyncSession, client: UUID, caller: str, overlap: timedelta
) -> tuple[Client, str]:
    """Give a client a new secret; the old one counts until whoever runs it has replaced it."""
    found = await session.get(Client, client, with_for_update=True)
    if found is None or found.revoked_at:
        raise not_found("client")
    rules.refuse_own(caller, found.client_id)
    secret = new_secret()
    found.old_secret_hash = found.secret_hash if overlap else None
    found.old_secret_until = now() + overlap if overlap else None
    found.secret_hash = hash_of(secret)
    session.add(found)
    return found, secret


async def revoke(session: AsyncSession, revocations: Revocations, client: UUID, by: Caller) -> None:
    """End a client: it gets no more tokens, and those that it has count no more."""
    found = await session.get(Client, client)
    if found is None:
        raise not_found("client")
    await assignments.hold(session, found.client_id, alone=True)
    held = await assignments.of_holder(session, found.client_id, found.organisation)
    if any(each.role == "admin" for each in held):
        raise Problem(409, "last-administrator", "The administrator's client cannot be revoked.")
    found.revoked_at = found.revoked_at or now()
    session.add(found)
    audit.note(session, by, "revoke", "client", found.id)
    await ends.end(session, revocations, found.client_id)


async def shown(session: AsyncSession, clients: Sequence[Client]) -> list[ClientOut]:
    """Return clients with what they may do at this moment."""
    moment = now()
    held: dict[str, list[Assignment]] = {each.client_id: [] for each in clients}
    for assignment in await assignments.of_holders(session, list(held)):
        held[assignment.holder].append(assignment)
    return [_shown(client, held[client.client_id], moment) for client in clients]


def _shown(client: Client, held: Sequence[Assignment], moment: datetime) -> ClientOut:
    states = [(rules.state_of(each, moment), each) for each in held]
    counting = [each for state, each in states if state == "in force"]
    return ClientOut(
        **client.model_dump(),
        roles=[each.role for each in counting],
        places=sorted({place for each in counting for place in each.places}),
        waiting=[each.role for state, each in states if state == "waiting"],
    )


async def find(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Client]:
    statement = select(Client).order_by(col(Client.id)).limit(limit)
    if after:
        statement = statement.where(col(Client.id) > after)
    return (await session.exec(statement)).all()


async def _by_client_id(session: AsyncSession, client_id: str) -> Client | None:
    statement = select(Client).where(col(Client.client_id) == client_id)
    return (await session.exec(statement)).one_or_none()
