"""Which people an export holds, and whether all of it is open to who asks: asked anew each time."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid, and_, case, func
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access, ground
from chassis.fields import rule_of
from chassis.problems import Fault, Problem
from chassis.scoping import Clause
from chassis.tables import core_table
from chassis.views import View
from services.registration.consents import service as consents
from services.registration.exports import rules
from services.registration.exports.models import ExportedPerson, FilterIn
from services.registration.persons import sealed
from services.registration.persons import service as persons
from services.registration.persons.disability import with_disability
from services.registration.persons.finding import matching
from services.registration.persons.models import SCOPING, Person

DEADLY = "S4"
PERSONS = core_table(Person)
COMPUTED = {
    "with_disability": ("disability",),
    "status": ("merged_into", "is_enquiry", "departed_on"),
}
"""Fields that are not kept, and of what each is computed."""
WRITTEN_OUT = frozenset(each.name for each in PERSONS.c if isinstance(each.type, Date | Uuid))
"""What JSON has no type for."""


class Selection:
    """
    Some people and some columns, as one caller may take them out now.

    Nobody is in it twice or has only enquired, nobody whose last word to the mission was a no, and
    nobody of another organisation: an agreement opens their people to reading, and what is handed
    on is shared (`chassis.sharing`).
    403 `masked-field` when a column, or what is filtered by, is open to the caller of nobody.
    """

    def __init__(
        self, session: AsyncSession, access: Access, columns: Sequence[str], wanted: FilterIn
    ) -> None:
        self._session = session
        self._fields = [rules.field_of(each) for each in columns]
        self._kept = _kept(self._fields)
        self._texts = [each for each in self._kept if each in WRITTEN_OUT]
        self._view = View(access, persons.SHAPE, SCOPING)
        # Dozens of columns have two or three conditions, of which the database asks each once.
        self._open = and_(*dict.fromkeys(self._showing()))
        self._reach = and_(
            access.rows(SCOPING),
            col(Person.organisation) == access.caller.organisation,
            ~consents.said_no(col(Person.id)),
            ~consents.said_no_elsewhere(),
            col(Person.merged_into).is_(None),
            ~col(Person.is_enquiry),
        )
        self._wanted = [
            *matching(session, self._view, wanted.terms()),
            *_narrowed(self._view, access, wanted),
        ]

    def _showing(self) -> list[Clause]:
        found, faults = [], []
        for number, name in enumerate(self._fields):
            try:
                if rule_of(persons.SHAPE, name).level >= DEADLY:
                    raise _masked([])
                found.append(self._view.showing(name))
            except Problem:
                detail = "This column is masked for you, or for this purpose."
                faults.append(Fault(pointer=f"/columns/{number}", code="masked", detail=detail))
        if faults:
            raise _masked(faults)
        return found

    async def count(self) -> tuple[int, int]:
        """Return how many people these are, and of how many of them some column is masked."""
        masked = func.coalesce(func.sum(case((self._open, 0), else_=1)), 0)
        statement = select(func.count(), masked).select_from(Person)
        return (await self._session.exec(statement.where(self._reach, *self._wanted))).one()

    async def following(self, after: UUID | None, most: int) -> Sequence[Any] | None:
        """
        Return the next people in order of registration; None when something of one is masked.

        They are rows of what the columns need: objects of whole rows take longer to make than all
        the rest of a file.
        """
        statement = sql_select(*(PERSONS.c[name] for name in self._kept), self._view.standing)
        statement = statement.where(self._reach, *self._wanted)
        if after:
            statement = statement.where(col(Person.id) > after)
        ordered = statement.order_by(col(Person.id)).limit(most)
        found = (await (await self._session.connection()).execute(ordered)).all()
        standings = {each.standing for each in found}
        if not all(self._view.opens(name, each) for each in standings for name in self._fields):
            return None
        return found

    async def values(self, people: Sequence[Any]) -> list[list[Any]]:
        """Return a row for each person, in the order of the columns."""
        hidden = set(sealed.SEALED) <= set(self._kept)
        opened = await sealed.opened(self._session, people) if hidden else {}
        return [self._row(person, opened.get(person.id, sealed.NOTHING)) for person in people]

    def _row(self, person: Any, opened: dict[str, Any]) -> list[Any]:
        told = dict(zip(self._kept, person, strict=False)) | opened
        for name in self._texts:
            if told[name] is not None:
                told[name] = str(told[name])
        told["with_disability"] = with_disability(told["disability"])
        told["status"] = persons.status_of(person)
        told["consent"] = rules.consent_given(told["consent"])
        return [told[name] for name in self._fields]

    async def still(self, export_id: UUID) -> int:
        """Return how many of the people in a file are still the caller's to take out, whole."""
        statement = (
            select(func.count())
            .select_from(Person)
            .join(ExportedPerson, col(ExportedPerson.person_id) == col(Person.id))
            .where(col(ExportedPerson.export_id) == export_id, self._reach, self._open)
        )
        return (await self._session.exec(statement)).one()


def _kept(fields: Sequence[str]) -> list[str]:
    """Return from what columns of a row fields are told; of what is sealed all, or nothing."""
    kept = {"id", "consent", *COMPUTED["status"]}
    for each in fields:
        kept.update(COMPUTED.get(each, (each,)))
    if not kept.isdisjoint(sealed.SEALED):
        kept.update(sealed.SEALED)
    return sorted(kept)


def _narrowed(view: View, access: Access, wanted: FilterIn) -> list[Clause]:
    found: list[Clause] = []
    if wanted.population_category:
        category = col(Person.population_category) == wanted.population_category
        found += [category, view.showing("population_category")]
    if wanted.location_pcode:
        below = col(Person.location_pcode).startswith(wanted.location_pcode, autoescape=True)
        found += [below, view.showing("location_pcode")]
    if wanted.assigned_to_me:
        grounds = [ground(each) for each in access.allowances() if each.qualifier.scope == "asg"]
        found.append(access.one_holds(grounds, SCOPING))
    return found


def _masked(faults: list[Fault]) -> Problem:
    detail = "A field that you see masked is not exported, nor blanked: choose other columns."
    return Problem(403, "masked-field", detail, errors=faults)
