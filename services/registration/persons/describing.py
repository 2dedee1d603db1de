"""By what people are compared when doubles are looked for."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Select, null
from sqlalchemy import select as sql_select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import one_of
from chassis.tables import core_table
from services.registration.matching.description import IN_LATIN, PARTS, Description
from services.registration.persons import sealed
from services.registration.persons.births import FIELDS, Birth
from services.registration.persons.models import Person
from services.registration.persons.names import LATIN, NAMES

PERSONS = core_table(Person)
COMPARED = ("id", *NAMES, *LATIN.values(), "sex", "nationality", *FIELDS, "household_ref")
COMPARED_OF = attrgetter(*COMPARED)
AS_TOLD = (*PARTS, *IN_LATIN.values(), "sex", "nationality")
"""What a description has of these, after the id, as it stands in the columns."""
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
    return await _rows(session, WHOLE, ids)


async def describe(session: AsyncSession, people: Sequence[Any]) -> dict[UUID, Description]:
    """Return what each is compared by when their doubles are looked for."""
    opened = await sealed.opened(session, people)
    return {person.id: _description(COMPARED_OF(person), opened[person.id]) for person in people}


async def outline(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Description]:
    """Return by what people are compared without their numbers, which opening takes longest."""
    rows = await _rows(session, OUTLINES, ids)
    return {row[0]: _description(row, sealed.NOTHING) for row in rows}


async def _rows(
    session: AsyncSession, statement: Select[Any], ids: Sequence[UUID]
) -> Sequence[Any]:
    connection = await session.connection()
    found: Result[Any] = await connection.execute(
        _of_some(statement, connection.dialect.name), {"ids": ids}
    )
    return found.all()


# To make a statement takes as long as to read some people by it.
@cache
def _of_some(statement: Select[Any], dialect: str) -> Select[Any]:
    return statement.where(one_of(dialect, PERSONS.c.id, "ids"))


def _description(person: Sequence[Any], opened: Mapping[str, Any]) -> Description:
    """Return by what somebody is compared, of whom the columns of COMPARED come first."""
    told = person[1 : len(COMPARED)]
    *birth, household = told[len(AS_TOLD) :]
    born, precision, days_off = _birth(*birth)
    phone, others = opened["phone"], opened["other_phones"]
    papers = [(each["type"], each["number"]) for each in opened["documents"]]
    return Description(
        **dict(zip(AS_TOLD, told, strict=False)),
        born=born,
        precision=precision,
        days_off=days_off,
        # What cannot be opened any more is no evidence.
        phone=phone if isinstance(phone, str) else None,
        other_phones=tuple(others) if isinstance(others, list) else (),
        documents=tuple((kind, number) for kind, number in papers if isinstance(number, str)),
        household=household,
    )


@lru_cache(maxsize=1 << 16)
def _birth(*fields: Any) -> tuple[date | None, str, int]:
    birth = Birth(*fields)
    return birth.middle(), birth.birth_date_precision, birth.days_off()
