"""What registration does when another service has forgotten a person."""

from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.assistance import PersonErased as AssistanceErased
from contracts.returns import PersonErased as ReturnsErased
from contracts.tracking import PersonErased as TrackingErased
from services.registration.erasures.service import note_answer


async def note_assistance(session: AsyncSession, event: AssistanceErased) -> None:
    await note_answer(session, event.erasure_id, "assistance", event.rows)


async def note_returns(session: AsyncSession, event: ReturnsErased) -> None:
    await note_answer(session, event.erasure_id, "returns", event.rows)


async def note_tracking(session: AsyncSession, event: TrackingErased) -> None:
    await note_answer(session, event.erasure_id, "tracking", event.rows)
