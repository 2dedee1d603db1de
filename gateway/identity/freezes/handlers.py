"""What the gateway does when registration freezes an account, or lets it in again."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.rows import insert_new
from contracts.registration import AccountFrozen, AccountReleased
from gateway.identity.freezes.models import Freeze

BY = audit.system("alerts")


async def freeze(session: AsyncSession, event: AccountFrozen) -> None:
    """Void every token of the account, those that it has and those that it gets, everywhere."""
    known = await _known(session, event.account)
    known.frozen_at = max(event.frozen_at, known.frozen_at or event.frozen_at)
    session.add(known)
    audit.note(session, BY, "freeze", "staff", event.account)


async def release(session: AsyncSession, event: AccountReleased) -> None:
    known = await _known(session, event.account)
    known.released_at = max(event.released_at, known.released_at or event.released_at)
    session.add(known)
    audit.note(session, BY, "release", "staff", event.account)


async def _known(session: AsyncSession, account: str) -> Freeze:
    await insert_new(session, Freeze(account=account))
    known = await session.get(Freeze, account, with_for_update=True)
    assert known  # noqa: S101 - It was put there a moment ago, and nothing drops it.
    return known
