"""Who is in the register: in order, or by what is told of them; only whom the caller may see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, and_, any_, func, true
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.among import among
from chassis.authz import Access, Clause
from chassis.problems import Fault, Problem
from chassis.tables import core_table
from chassis.views import View
from services.registration.matching.spelling import words
from services.registration.occasions.models import SCOPING as EVENTS
from services.registration.occasions.models import RegistrationEvent
from services.registration.persons import sealed
from services.registration.persons.births import FIELDS
from services.registration.persons.models import (
    SCOPING,
    Person,
    PersonOut,
)
from services.registration.persons.names import LATIN, NAMES
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.parts import Nationality, Sex
from services.registration.persons.service import SHAPE, shown
from services.registration.searches import names
from services.registration.searches.rules import MOST_HITS

MOST_RANKED = 200
"""So many of those who bear the words are compared with them; the rest bear fewer of them."""
MOST_LOOKED_UP = 1000
"""So many are looked up first; of common words more bear all of them than need to be."""
BORNE = (*NAMES, *LATIN.values(), "other_names")
PERSONS = core_table(Person)
RANKED = sql_select(*(PERSONS.c[name] for name in ("id", *BORNE, *FIELDS)))
"""By what people are ranked: making objects of whole rows takes longer than ranking them."""
OF_MANY = ("registration_event_id", "status")
Listed = Literal["enquiry", "registered", "departed"]
WITH_A_NAME = ("born_in", "sex", "nationality", "location_pcode")
"""What many share narrows a search by name, and is none of its own."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is told of whoever is looked for; nothing at all means everybody."""

    external_id: str | None = None
    case_number: str | None = None
    phone: str | None = None
    document_number: str | None = None
    name: str | None = None
    born_in: int | None = None
    sex: Sex | None = None
    nationality: Nationality | None = None
    location_pcode: str | None = None
    registration_event_id: UUID | None = None
    status: Listed | None = None

    def searched(self) -> dict[str, str]:
        """Return what is a search: who was registered in one event is a list, and names nobody."""
        return {name: text for name, text in self.told().items() if name not in OF_MANY}

    def told(self) -> dict[str, str]:
        return {name: str(value) for name, value in vars(self).items() if value is not None}


async def find(
    session: AsyncSession, access: Access, terms: Terms, *, after: UUID | None, limit: int
) -> list[PersonOut]:
    """
    Return the persons whom the caller may see, in order of registration.

    A registration that is merged into another is found by what is told of it, and not listed.
    """
    _refuse_without_name(terms)
    view = View(access, SHAPE, SCOPING)
    statement = select(Person, view.standing)
    if terms.registration_event_id:
        statement = statement.where(
            _registered_in(access, terms.registration_event_id),
            view.showing("registration_event_id"),
        )
    if terms.status:
        statement = statement.where(*_with_status(view, terms.status))
    statement = statement.where(access.rows(SCOPING), *matching(session, view, terms))
    if not terms.searched():
        statement = statement.where(col(Person.merged_into).is_(None))
    if after:
        statement = statement.where(col(Person.id) > after)
    found = await session.exec(statement.order_by(col(Person.id)).limit(limit))
    return await shown(session, view, found.all())


def _with_status(view: View, status: Listed) -> list[Clause]:
    if status == "enquiry":
        return [and_(col(Person.is_enquiry))]
    departed = col(Person.departed_on).is_not(None)
    is_so = departed if status == "departed" else ~departed
    # The status alone would not be masked, and a departure is.
    return [~col(Person.is_enquiry), is_so, view.showing("departed_on")]


def _registered_in(access: Access, event_id: UUID) -> Clause:
    """Return who was registered in an event; nobody where the caller may not see the event."""
    readable = select(RegistrationEvent.id).where(
        col(RegistrationEvent.id) == event_id, access.rows(EVENTS, "registration_event", "R")
    )
    return col(Person.registration_event_id).in_(readable)


def _refuse_without_name(terms: Terms) -> None:
    faults = [
        Fault(pointer=f"query/{each}", code="needs_name", detail="It narrows a search by name.")
        for each in terms.told()
        if each in WITH_A_NAME
    ]
    if faults:
        raise Problem(422, "search-too-broad", "Say a name as well.", errors=faults)


async def find_named(
    session: AsyncSession, access: Access, terms: Terms, *, limit: int
) -> list[PersonOut]:
    """
    Return the persons whose names are spellings of the one that is told, the likeliest first.

    At most MOST_HITS: who finds no one among them tells more of the person, and does not leaf on.
    """
    view = View(access, SHAPE, SCOPING)
    asked = words(terms.name or "")
    if not asked:
        # It is in letters that no name is kept by: figures, or a script that is not known here.
        return []
    bearers = names.found_by(session, asked, terms.born_in, terms.location_pcode)
    seen = RANKED.where(
        access.rows(SCOPING),
        *(view.showing(each) for each in BORNE),
        *matching(session, view, terms),
        *_narrowed(view, terms),
    )
    found = await _most_alike(session, bearers, seen)
    ids = _likeliest(found, asked, terms.born_in)[:limit]
    whole = select(Person, view.standing).where(col(Person.id).in_(ids), access.rows(SCOPING))
    people = {person.id: (person, bits) for person, bits in await session.exec(whole)}
    return await shown(session, view, [people[each] for each in ids if each in people])


async def _most_alike(session: AsyncSession, bearers: CTE, seen: Select[Any]) -> Sequence[Any]:
    """Return those of whom the caller sees who bear the most of the words, MOST_RANKED at most."""
    connection = await session.connection()
    order = bearers.c.likely.desc(), bearers.c.person_id.desc()
    first = sql_select(bearers.c.person_id).order_by(*order).limit(MOST_LOOKED_UP)
    ids = (await connection.scalars(first)).all()
    found = (await connection.execute(seen.where(among(session, PERSONS.c.id, ids)))).all()
    if len(ids) == MOST_LOOKED_UP and len(found) < MOST_RANKED:
        # Of common words those come first whom the caller does not see, so all are looked up.
        all_ = seen.join(bearers, bearers.c.person_id == PERSONS.c.id)
        all_ = all_.where(_looked_up(session, bearers)).order_by(*order).limit(MOST_RANKED)
        return list(await connection.execute(all_))
    place = {person_id: number for number, person_id in enumerate(ids)}
    return sorted(found, key=lambda person: place[person.id])[:MOST_RANKED]


def _looked_up(session: AsyncSession, bearers: CTE) -> ColumnElement[bool]:
    """
    Return a condition that holds for all whom the words find, and lets them be looked up by id.

    PostgreSQL does not foresee how few bear all the words, and would read the whole register.
    """
    if session.get_bind().dialect.name != "postgresql":
        return true()
    ids = func.array(sql_select(bearers.c.person_id).scalar_subquery())
    return col(Person.id) == any_(ids)


def _likeliest(found: Sequence[Any], asked: Collection[str], born_in: int | None) -> list[UUID]:
    fitting = [(names.fit(person, asked, born_in), person.id) for person in found]
    ranked = sorted((-fit, person_id) for fit, person_id in fitting if fit is not None)
    return [person_id for _, person_id in ranked[:MOST_HITS]]


def matching(session: AsyncSession, view: View, terms: Terms) -> list[Clause]:
    """Return the conditions of a search: what is searched by must be seen of whoever is found."""
    found: list[Clause] = []
    if terms.external_id:
        found += [col(Person.external_id) == terms.external_id, view.showing("external_id")]
    if terms.case_number:
        found.append(col(Person.case_number) == terms.case_number)
    if terms.phone:
        index = crypto.blind_index(session, sealed.PHONE, terms.phone)
        found += [col(Person.phone_index) == index, view.showing("phone")]
    if terms.document_number:
        index = sealed.document_index(session, terms.document_number)
        bearers = select(DocumentIndex.person_id).where(col(DocumentIndex.number_index) == index)
        found += [col(Person.id).in_(bearers), view.showing("documents")]
    return found


def _narrowed(view: View, terms: Terms) -> list[Clause]:
    found: list[Clause] = []
    if terms.born_in:
        # Whom the words find are born about then.
        found.append(view.showing("birth_date"))
    if terms.sex:
        found += [col(Person.sex) == terms.sex, view.showing("sex")]
    if terms.nationality:
        found += [col(Person.nationality) == terms.nationality, view.showing("nationality")]
    if terms.location_pcode:
        below = col(Person.location_pcode).startswith(terms.location_pcode, autoescape=True)
        found += [below, view.showing("location_pcode")]
    return found
