"""What can be done with subscription keys. Callers own the transaction."""

import secrets
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.problems import not_found
from gateway.identity.assignments import rules
from gateway.identity.clients.models import Client
from gateway.identity.clients.service import hash_of
from gateway.identity.subscriptions.models import KeyOut, SubscriptionKey

MOST_KEYS = 2
"""A client replaces its key while the one before still counts; an older one counts no more."""


async def make(session: AsyncSession, client: UUID, by: Caller) -> KeyOut:
    found = await _client(session, client, by)
    key = secrets.token_hex(32)
    made = SubscriptionKey(key_hash=hash_of(key), client=found.id)
    newest = select(SubscriptionKey).where(col(SubscriptionKey.client) == found.id)
    before = (await session.exec(newest.order_by(col(SubscriptionKey.made_at).desc()))).all()
    for each in before[MOST_KEYS - 1 :]:
        await session.delete(each)
    session.add(made)
    audit.note(session, by, "create", "subscription_key", found.id)
    return KeyOut(subscription_key=key, keys=len(before[: MOST_KEYS - 1]) + 1, made_at=made.made_at)


async def end(session: AsyncSession, client: UUID, by: Caller) -> None:
    """End every key of a client, whose secret and tokens count on."""
    found = await _client(session, client, by)
    await session.exec(delete(SubscriptionKey).where(col(SubscriptionKey.client) == found.id))
    audit.note(session, by, "revoke", "subscription_key", found.id)


async def owner(session: AsyncSession, key: str) -> Client | None:
    """Return the client whose key it is; none when the key or the client counts no more."""
    statement = (
        select(Client)
        .join(SubscriptionKey, col(SubscriptionKey.client) == col(Client.id))
        .where(col(SubscriptionKey.key_hash) == hash_of(key))
    )
    client = (await session.exec(statement)).one_or_none()
    if client is None or client.revoked_at or (client.expires_at and client.expires_at <= now()):
        return None
    return client


async def _client(session: AsyncSession, client: UUID, by: Caller) -> Client:
    found = await session.get(Client, client, with_for_update=True)
    if found is None or found.revoked_at:
        raise not_found("client")
    rules.refuse_own(by.id, found.client_id)
    return found
