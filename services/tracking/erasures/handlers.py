"""What tracking does when a person is to be forgotten."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import erasure, outbox
from chassis.erasure import Counts, Forgetting
from contracts.registration import ErasureRequested
from contracts.tracking import PersonErased

# Tracking knows places and figures, and nobody. It answers all the same, and has to be asked.
ROWS = ()


async def _answer(session: AsyncSession, erasure_id: UUID, rows: Counts, times: int) -> None:
    event = PersonErased(erasure_id=erasure_id, rows=rows)
    outbox.publish(session, event, subject=str(erasure_id), sequence=times)


FORGETTING = Forgetting(rows=ROWS, answer=_answer)


async def forget_person(session: AsyncSession, event: ErasureRequested) -> None:
    """Forget the person here; the answer follows once the ledger has it."""
    await erasure.erase(session, FORGETTING, event.person_id, event.erasure_id)
