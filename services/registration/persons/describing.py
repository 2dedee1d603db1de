"""By what people are compared when doubles are looked for."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import null
from sqlalchemy import select as sql_select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.tables import core_table
from services.registration.matching.description import Description
from services.registration.persons import sealed
from services.registration.persons.births import FIELDS, Birth
from services.registration.persons.models import Person
from services.registration.persons.names import LATIN, NAMES

PERSONS = core_table(Person)
COMPARED = ("id", *NAMES, *LATIN.values(), "sex", "nationality", *FIELDS, "household_ref")
OUTLINES = sql_select(*(PERSONS.c[name] for name in COMPARED))
ALSO_READ = (
    *("version", "matched_version"),
    *("phone", "other_phones", "documents", "location_pcode", "other_names"),
)
WHOLE = sql_select(
    *(PERSONS.c[name] for name in (*COMPARED, *ALSO_READ)), null().label("disability")
)
"""All that finding people goes by, of many of them: an object of the table takes far longer."""


async def after(session: AsyncSession, last: UUID | None, most: int) -> Sequence[Any]:
    """Return, by the order of their ids, whom `describe` describes and `searches.names` finds."""
    connection = await session.connection()
    statement = WHOLE.where(PERSONS.c.id > last) if last else WHOLE
    return (await connection.execute(statement.order_by(PERSONS.c.id).limit(most))).all()


async def those(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Any]:
    """Return the same of some."""
    connection = await session.connection()
    return (await connection.execute(WHOLE.where(among(session, PERSONS.c.id, ids)))).all()


async def describe(session: AsyncSession, people: Sequence[Any]) -> dict[UUID, Description]:
    """Return what each is compared by when their doubles are looked for."""
    opened = await sealed.opened(session, people)
    return {person.id: _description(person, opened[person.id]) for person in people}


async def outline(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Description]:
    """Return by what people are compared without their numbers, which opening takes longest."""
    connection = await session.connection()
    rows = await connection.execute(OUTLINES.where(among(session, PERSONS.c.id, ids)))
    return {row.id: _description(row, sealed.NOTHING) for row in rows}


def _description(person: Any, opened: Mapping[str, Any]) -> Description:
    phone, others = opened["phone"], opened["other_phones"]
    papers = [(each["type"], each["number"]) for each in opened["documents"]]
    born, days_off = _birth(*map(partial(getattr, person), FIELDS))
    return Description(
        given=person.given_name,
        father=person.father_name,
        grandfather=person.grandfather_name,
        family=person.family_name,
        given_latin=person.given_name_latin,
        father_latin=person.father_name_latin,
        grandfather_latin=person.grandfather_name_latin,
        family_latin=person.family_name_latin,
        sex=person.sex,
        nationality=person.nationality,
        born=born,
        precision=person.birth_date_precision,
        days_off=days_off,
        # What cannot be opened any more is no evidence.
        phone=phone if isinstance(phone, str) else None,
        other_phones=tuple(others) if isinstance(others, list) else (),
        documents=tuple((kind, number) for kind, number in papers if isinstance(number, str)),
        household=person.household_ref,
    )


@lru_cache(maxsize=1 << 16)
def _birth(*fields: Any) -> tuple[date | None, int]:
    birth = Birth(*fields)
    return birth.middle(), birth.days_off()
