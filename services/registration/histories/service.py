"""What can be read of what was true of a person and when. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.fields import Masked
from services.registration.corrections import service as corrections
from services.registration.histories.models import HistoryOut, MembershipOut
from services.registration.histories.rules import DATED, Step, periods
from services.registration.households.models import Member
from services.registration.persons import registrations
from services.registration.persons.models import Person

SHAPE = "person_history"
HOUSEHOLDS = "households"


async def of_person(session: AsyncSession, person_id: UUID, access: Access) -> HistoryOut:
    """Return what was true of a person and when, as far as the caller sees it of them."""
    told = [
        view.shown(HistoryOut, await _values(session, person), standing)
        for view, person, standing in await registrations.of_person(
            session, person_id, access, SHAPE
        )
    ]
    return HistoryOut(
        person_id=person_id, **{name: _together(told, name) for name in (*DATED, HOUSEHOLDS)}
    )


def _together(told: Sequence[HistoryOut], name: str) -> Any:
    """Return the entries of each registration, the first time first; masked where none is seen."""
    seen = [each for each in (getattr(one, name) for one in told) if isinstance(each, list)]
    entries = [entry for each in seen for entry in each]
    return sorted(entries, key=lambda entry: entry.since) if seen else Masked()


async def _values(session: AsyncSession, person: Person) -> dict[str, Any]:
    steps = [
        Step(before, each.reason, each.changed_on or each.corrected_at.date())
        for each, before in reversed(await corrections.opened(session, person.id))
    ]
    values: dict[str, Any] = {
        name: [
            {"registration_id": person.id, **asdict(each)}
            for each in periods(name, getattr(person, name), person.registered_on, steps)
        ]
        for name in DATED
    }
    return values | {
        "person_id": person.id,
        HOUSEHOLDS: await _memberships(session, person.id),
    }


async def _memberships(session: AsyncSession, person_id: UUID) -> list[dict[str, Any]]:
    """Return where somebody belongs and belonged, in the order in which it was recorded."""
    statement = select(Member).where(col(Member.person_id) == person_id)
    rows = (await session.exec(statement.order_by(col(Member.since), col(Member.id)))).all()
    wanted = set(MembershipOut.model_fields)
    return [{"registration_id": person_id, **each.model_dump(include=wanted)} for each in rows]
