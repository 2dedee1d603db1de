"""What registration does when tracking reports places."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.rows import put_newer
from contracts.tracking import PlacesChanged
from services.registration.places.models import Place


async def keep_places(session: AsyncSession, event: PlacesChanged) -> None:
    """Keep each place as it stands; an older version than the one kept changes nothing."""
    # In one order, so that two reports of the same places do not wait for each other.
    for place in sorted(event.places, key=lambda place: place.pcode):
        await put_newer(session, Place, [Place(**place.model_dump()).model_dump()], "version")
