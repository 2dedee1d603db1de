"""What assistance does when tracking reports places."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import put
from contracts.tracking import PlacesChanged
from services.assistance.places.models import Place


async def keep_places(session: AsyncSession, event: PlacesChanged) -> None:
    """Keep each place as it stands; an older version than the one kept changes nothing."""
    for place in event.places:
        known = await session.get(Place, place.pcode)
        if known is None or known.version < place.version:
            await put(session, Place(**place.model_dump()))
