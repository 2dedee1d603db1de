"""What can be done with API clients. Callers own the transaction."""

import hashlib
import secrets
from collections.abc import Sequence
from hmac import compare_digest
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import now
from chassis.problems import Problem, not_found
from gateway.identity.models import Client, ClientIn

NO_SECRET = hashlib.sha256(b"").hexdigest()


def new_secret() -> str:
    """Return 256 random bits; being random they need no slow hash."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


async def create(session: AsyncSession, form: ClientIn) -> tuple[Client, str]:
    secret = new_secret()
    client = Client(
        **form.model_dump(),
        client_id=f"client-{secrets.token_hex(8)}",
        secret_hash=hash_of(secret),
    )
    session.add(client)
    return client, secret


async def ensure(
    session: AsyncSession, client_id: str, secret: str, *, name: str, roles: Sequence[str]
) -> None:
    """Make the client of an installation, or bring its secret to the one that it was told."""
    client = await _by_client_id(session, client_id) or Client(
        client_id=client_id,
        name=name,
        secret_hash="",
        organisation="iom",
        roles=list(roles),
        places=["LY"],
    )
    client.secret_hash = hash_of(secret)
    session.add(client)


async def authenticate(session: AsyncSession, client_id: str, secret: str) -> Client:
    """Return the client; an unknown one, a wrong secret and a revoked one answer alike."""
    client = await _by_client_id(session, client_id)
    right = compare_digest(client.secret_hash if client else NO_SECRET, hash_of(secret))
    if client is None or not right or client.revoked_at:
        raise Problem(
            401,
            "invalid-client",
            "The client or its secret is wrong.",
            headers={"WWW-Authenticate": 'Basic realm="masar"'},
        )
    return client


async def revoke(session: AsyncSession, client: UUID) -> None:
    """End a client: it gets no more tokens, and the last one ends within its ten minutes."""
    found = await session.get(Client, client)
    if found is None:
        raise not_found("client")
    if "admin" in found.roles:
        raise Problem(409, "last-administrator", "The administrator's client cannot be revoked.")
    found.revoked_at = found.revoked_at or now()
    session.add(found)


async def find(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Client]:
    statement = select(Client).order_by(col(Client.id)).limit(limit)
    if after:
        statement = statement.where(col(Client.id) > after)
    return (await session.exec(statement)).all()


async def _by_client_id(session: AsyncSession, client_id: str) -> Client | None:
    statement = select(Client).where(col(Client.client_id) == client_id)
    return (await session.exec(statement)).one_or_none()
