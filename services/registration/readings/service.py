"""Who has read the file of a person, for who carries them. Callers own the transaction."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from services.registration.persons import service as persons
from services.registration.readings.models import ReadingOut

UNTOLD = ("honey_record", "alert")
"""What the officer reads of planted persons would tell that a person is one."""
LISTED = "listed"
MASKED = {"masked": True}


async def find(
    session: AsyncSession, person_id: UUID, access: Access, *, after: UUID | None, limit: int
) -> list[ReadingOut]:
    """Return who has read the person's file here, the oldest first; 404 if it is not in reach."""
    view, standing = await persons.standing(session, person_id, access, "reading")
    found = await audit.readings_of(session, person_id, but_of=UNTOLD, after=after, limit=limit)
    return [view.shown(ReadingOut, _told(entry, person_id, access), standing) for entry in found]


def _told(entry: audit.EntryOut, person_id: UUID, access: Access) -> dict[str, object]:
    ours = entry.organisation == access.caller.organisation
    return entry.model_dump() | {
        "person_id": person_id,
        "account": entry.actor if ours or not entry.organisation else MASKED,
        "action": LISTED if entry.reason == LISTED else entry.action,
    }
