"""What a service that shares does when registration tells of consents: copy, and end what must."""

from functools import partial

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.inbox import Subscriptions
from chassis.rows import put
from chassis.sharing.service import Sharing
from contracts.registration import (
    ConsentChanged,
    ConsentsTold,
    SharingAgreementChanged,
    SharingExceptionChanged,
)
from contracts.sharing import GIVEN


def subscriptions(sharing: Sharing) -> Subscriptions:
    """Return what a service that shares listens to; each may come twice, and in any order."""
    return {
        ConsentChanged: partial(keep_consent, sharing),
        SharingAgreementChanged: partial(keep_agreement, sharing),
        SharingExceptionChanged: partial(keep_exception, sharing),
        ConsentsTold: partial(hear, sharing),
    }


async def keep_consent(sharing: Sharing, session: AsyncSession, event: ConsentChanged) -> None:
    """Remember the answer, and let a no end what rested on the yes."""
    table, share = sharing.tables.consent, sharing.tables.share
    key = (event.person_id, event.recipient, event.purpose)
    known = await session.get(table, key, with_for_update=True)
    if known and known.version >= event.version:
        return
    await put(session, table(**event.model_dump(exclude={"changed_at"})))
    if event.state != GIVEN:
        which = (
            col(share.person_id) == event.person_id,
            col(share.recipient) == event.recipient,
            col(share.purpose) == event.purpose,
        )
        await sharing.end(session, which, f"consent_{event.state}", event.version)


async def keep_agreement(
    sharing: Sharing, session: AsyncSession, event: SharingAgreementChanged
) -> None:
    table = sharing.tables.agreement
    known = await session.get(table, event.agreement_id, with_for_update=True)
    if known is None or known.version < event.version:
        kept = event.model_dump(exclude={"agreement_id"})
        await put(session, table(id=event.agreement_id, **kept))


async def keep_exception(
    sharing: Sharing, session: AsyncSession, event: SharingExceptionChanged
) -> None:
    """Remember what two people allowed; once it is over, what rested on it ends."""
    table = sharing.tables.exception
    known = await session.get(table, event.exception_id, with_for_update=True)
    if known and known.version >= event.version:
        return
    kept = event.model_dump(exclude={"exception_id"})
    await put(session, table(id=event.exception_id, **kept))
    if event.state != "approved":
        which = (col(sharing.tables.share.exception_id) == event.exception_id,)
        await sharing.end(session, which, "exception_over", None)


async def hear(sharing: Sharing, session: AsyncSession, event: ConsentsTold) -> None:
    """Remember up to when all is known here."""
    table = sharing.tables.stream
    known = await session.get(table, 1, with_for_update=True)
    if known is None or known.told_until < event.until:
        await put(session, table(told_until=event.until))
