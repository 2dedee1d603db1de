"""What registration does when a person has received something: their record is kept on."""

from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.assistance import EntitlementDelivered
from services.registration.retention.models import LastService


async def note_service(session: AsyncSession, event: EntitlementDelivered) -> None:
    """Keep the last day; deliveries may be told in any order."""
    known = await session.get(LastService, event.person_id, with_for_update=True)
    if known is None:
        session.add(LastService(person_id=event.person_id, served_on=event.delivered_on))
    elif known.served_on < event.delivered_on:
        known.served_on = event.delivered_on
        session.add(known)
