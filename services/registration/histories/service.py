"""What can be read of what was true of a person and when. Callers own the transaction."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from services.registration.corrections import service as corrections
from services.registration.histories.models import HistoryOut, MembershipOut
from services.registration.histories.rules import DATED, Step, periods
from services.registration.households.models import Member
from services.registration.persons import service as persons

SHAPE = "person_history"


async def of_person(session: AsyncSession, person_id: UUID, access: Access) -> HistoryOut:
    """Return what was true of a person and when, as far as the caller sees it of them."""
    view, standing = await persons.standing(session, person_id, access, SHAPE)
    person = await persons.get(session, person_id, access)
    steps = [
        Step(before, each.reason, each.changed_on or each.corrected_at.date())
        for each, before in reversed(await corrections.opened(session, person_id))
    ]
    values: dict[str, Any] = {
        name: [
            asdict(each)
            for each in periods(name, getattr(person, name), person.registered_on, steps)
        ]
        for name in DATED
    }
    values |= {"person_id": person_id, "households": await _memberships(session, person_id)}
    return view.shown(HistoryOut, values, standing)


async def _memberships(session: AsyncSession, person_id: UUID) -> list[dict[str, Any]]:
    """Return where somebody belongs and belonged, in the order in which it was recorded."""
    statement = select(Member).where(col(Member.person_id) == person_id)
    rows = (await session.exec(statement.order_by(col(Member.since), col(Member.id)))).all()
    return [each.model_dump(include=set(MembershipOut.model_fields)) for each in rows]
