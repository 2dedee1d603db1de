"""What can be told of households. Callers own the transaction."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chassis import merged
from services.assistance.households.models import HOUSEHOLD, Household, Member
from services.assistance.people.models import Person

OF_A_PERSON = ("size", "head_person_id", "collector_person_id", "alternate_person_id")


async def of_person(session: AsyncSession, person_id: UUID) -> dict[str, Any]:
    """Return with whom somebody lives now, by whichever registration of theirs; nulls if alone."""
    people = await merged.registrations_of(session, Person, person_id)
    statement = (
        select(Household)
        .join(Member, col(Member.household_id) == col(Household.id))
        .where(col(Member.person_id).in_(people), col(Household.kind) == HOUSEHOLD)
        # Between the news of the one and of the other somebody who moves may be in both.
        .order_by(col(Household.id).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    return {
        "household_id": found and found.id,
        **{f"household_{name}": getattr(found, name, None) for name in OF_A_PERSON},
    }


async def of_people(session: AsyncSession, people: Collection[UUID]) -> Sequence[Household]:
    """Return the households in which one of them counts now, in one order."""
    here = select(Member.household_id).where(col(Member.person_id).in_(people))
    statement = select(Household).where(
        col(Household.id).in_(here), col(Household.kind) == HOUSEHOLD
    )
    return (await session.exec(statement.order_by(col(Household.id)))).all()


def received_by(people: Collection[UUID]) -> SelectOfScalar[UUID]:
    """Select the households for which one of them may receive."""
    receiving = (Household.collector_person_id, Household.alternate_person_id)
    told = or_(*(col(each).in_(people) for each in receiving))
    untold = and_(*(col(each).is_(None) for each in receiving))
    by_head = untold & col(Household.head_person_id).in_(people)
    return select(Household.id).where(or_(told, by_head), col(Household.ended_on).is_(None))


def members(household_id: UUID) -> SelectOfScalar[UUID]:
    """Select who is in a household now."""
    return select(Member.person_id).where(col(Member.household_id) == household_id)
