"""What can be done with programmes. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import jobs
from chassis.authz import Access
from chassis.clock import today
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from services.assistance.programmes.models import (
    SCOPING,
    Period,
    Programme,
    ProgrammeIn,
    ProgrammeOut,
)

TURN = "entitling"
"""Held alone by a new programme that looks for its people, shared by people who arrive."""
KIND = "entitle_people"

# Each registration asks it: it is put together once.
GOING_ON = select(Programme).where(col(Programme.ends_on) >= bindparam("today"))


async def create(
    session: AsyncSession, form: ProgrammeIn, access: Access
) -> tuple[Programme, bool]:
    """
    Make a programme, and leave the work of finding its people to a job; say whether it is new.

    The same programme sent again is the first one; another one under its name is refused.
    """
    programme = Programme(
        organisation=access.caller.organisation,
        name=form.name,
        donor=form.donor,
        starts_on=form.period.starts_on,
        ends_on=form.period.ends_on,
        population_categories=sorted(set(form.population_categories)),
        places=sorted(set(form.places)),
        item_name=form.item.name,
        item_quantity=form.item.quantity,
        item_unit=form.item.unit,
        item_per=form.item.per,
        created_by=access.caller.id,
    )
    if await insert_new(session, programme):
        jobs.submit(session, KIND, str(programme.id).encode(), total=0, caller=access.caller)
        return programme, True
    statement = select(Programme).where(
        col(Programme.organisation) == access.caller.organisation, col(Programme.name) == form.name
    )
    known = (await session.exec(statement)).one()
    if shown(known).model_dump(exclude={"id"}) != shown(programme).model_dump(exclude={"id"}):
        raise Problem(
            409, "programme-exists", "A programme of this name is there, with other content."
        )
    return known, False


async def get(session: AsyncSession, programme_id: UUID, access: Access) -> Programme:
    statement = select(Programme).where(col(Programme.id) == programme_id, access.rows(SCOPING))
    programme = (await session.exec(statement)).one_or_none()
    if programme is None:
        raise not_found("programme")
    return programme


async def going_on(session: AsyncSession) -> Sequence[Programme]:
    """Return the programmes that are not over, whoever's they are."""
    return (await session.exec(GOING_ON, params={"today": today()})).all()


async def find(
    session: AsyncSession, access: Access, after: UUID | None, limit: int
) -> Sequence[Programme]:
    statement = select(Programme).where(access.rows(SCOPING))
    if after:
        statement = statement.where(col(Programme.id) > after)
    return (await session.exec(statement.order_by(col(Programme.id)).limit(limit))).all()


def shown(programme: Programme) -> ProgrammeOut:
    return ProgrammeOut.model_validate(
        programme.model_dump(include={"id", "name", "donor", "population_categories", "places"})
        | {
            "period": Period(starts_on=programme.starts_on, ends_on=programme.ends_on),
            "item": {
                "name": programme.item_name,
                "quantity": programme.item_quantity,
                "unit": programme.item_unit,
                "per": programme.item_per,
            },
            "version": programme.version,
        }
    )
