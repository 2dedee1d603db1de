"""Who is in the register: in order, or by what is told of them; only whom the caller may see."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, Subquery, and_, union
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import Fault, Problem
from chassis.scoping import Clause
from chassis.tables import core_table
from chassis.views import View
from services.registration.matching.spelling import words
from services.registration.occasions.models import SCOPING as EVENTS
from services.registration.occasions.models import RegistrationEvent
from services.registration.persons import sealed
from services.registration.persons.births import FIELDS
from services.registration.persons.models import SCOPING, Person
from services.registration.persons.names import LATIN, NAMES
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.parts import Nationality, Sex
from services.registration.persons.phones import OtherPhoneIndex
from services.registration.persons.service import SHAPE, shown
from services.registration.persons.shapes import PersonOut
from services.registration.searches import bearers, names
from services.registration.searches.rules import IDENTIFYING, MOST_HITS

MOST_RANKED = 2000
"""With so many at most is compared what is asked for; the rest are not as likely."""
MOST_OF_A_WAY, MOST_WITH_ONE_MISSING = 1000, 50
"""So many bearers are looked at of each way to find them; of too many nobody is told apart."""
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
    statement = select(Person, view.standing).where(
        access.rows(SCOPING), *matching(session, view, terms), *_among(access, view, terms)
    )
    if not terms.searched():
        statement = statement.where(col(Person.merged_into).is_(None))
    if after:
        statement = statement.where(col(Person.id) > after)
    found = await session.exec(statement.order_by(col(Person.id)).limit(limit))
    return await shown(session, view, found.all())


def _among(access: Access, view: View, terms: Terms) -> list[Clause]:
    """Return what many have in common who are looked for."""
    found: list[Clause] = []
    if terms.registration_event_id:
        found.append(_registered_in(access, terms.registration_event_id))
        found.append(view.showing("registration_event_id"))
    if terms.status:
        found += _with_status(view, terms.status)
    return found


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
    seen = RANKED.where(
        access.rows(SCOPING),
        *(view.showing(each) for each in BORNE),
        *matching(session, view, terms),
        *_among(access, view, terms),
        *_narrowed(view, terms),
    )
    fits = await _fits(session, asked, terms, seen)
    ids = sorted(fits, key=lambda person_id: (-fits[person_id], person_id))[: min(limit, MOST_HITS)]
    whole = select(Person, view.standing).where(col(Person.id).in_(ids), access.rows(SCOPING))
    people = {person.id: (person, bits) for person, bits in await session.exec(whole)}
    return await shown(session, view, [people[each] for each in ids if each in people])


async def _fits(
    session: AsyncSession, asked: Collection[str], terms: Terms, seen: Select[Any]
) -> dict[UUID, float]:
    """Return how well those fit whom the caller sees, of whom there is no telling all."""
    if terms.told().keys() & IDENTIFYING:
        return await _fitting(session, asked, terms.born_in, [seen.limit(MOST_RANKED)])
    ways = await bearers.ways(
        session,
        asked,
        born_in=terms.born_in,
        place=terms.location_pcode,
        nationality=terms.nationality,
    )
    found = await _fitting(session, asked, terms.born_in, _each(seen, ways.with_all, MOST_OF_A_WAY))
    # Who lacks a word and bears the others as they are spelt fits as well as that.
    if sum(fit > names.FARTHEST for fit in found.values()) < MOST_HITS:
        others = _each(seen, ways.with_all_but_one, MOST_WITH_ONE_MISSING)
        found |= await _fitting(session, asked, terms.born_in, others)
    return found


def _each(seen: Select[Any], ways: Iterable[Subquery], most: int) -> list[Select[Any]]:
    return [seen.join(way, way.c.person_id == PERSONS.c.id).limit(most) for way in ways]


async def _fitting(
    session: AsyncSession,
    asked: Collection[str],
    born_in: int | None,
    statements: Iterable[Select[Any]],
) -> dict[UUID, float]:
    connection = await session.connection()
    fits: dict[UUID, float | None] = {}
    for statement in statements:
        for person in await connection.execute(statement):
            if person.id not in fits:
                fits[person.id] = names.fit(person, asked, born_in)
        # Nobody who is still to come would fit better than perfectly.
        if len(fits) >= MOST_RANKED or Counter(fits.values())[names.PERFECT] >= MOST_HITS:
            break
    return {person_id: fit for person_id, fit in fits.items() if fit is not None}


def matching(session: AsyncSession, view: View, terms: Terms) -> list[Clause]:
    """Return the conditions of a search: what is searched by must be seen of whoever is found."""
    found: list[Clause] = []
    if terms.external_id:
        found += [col(Person.external_id) == terms.external_id, view.showing("external_id")]
    if terms.case_number:
        found.append(col(Person.case_number) == terms.case_number)
    if terms.phone:
        found += [col(Person.id).in_(_of_phone(session, terms.phone)), view.showing("phone")]
    if terms.document_number:
        index = sealed.document_index(session, terms.document_number)
        of_papers = select(DocumentIndex.person_id).where(col(DocumentIndex.number_index) == index)
        found += [col(Person.id).in_(of_papers), view.showing("documents")]
    return found


def _of_phone(session: AsyncSession, phone: str) -> CompoundSelect[UUID]:
    """Return whose the number is, as the first of theirs or another, each found by an index."""
    index = sealed.phone_index(session, phone)
    return union(
        select(Person.id).where(col(Person.phone_index) == index),
        select(OtherPhoneIndex.person_id).where(col(OtherPhoneIndex.number_index) == index),
    )


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
