"""Who is in the register: in order, or by what is told of them; only whom the caller may see."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import CompoundSelect, and_, union
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import Fault, Problem
from chassis.scoping import Clause
from chassis.views import View
from services.registration.occasions.models import SCOPING as EVENTS
from services.registration.occasions.models import RegistrationEvent
from services.registration.persons import sealed
from services.registration.persons.models import SCOPING, Person
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.parts import Nationality, Sex
from services.registration.persons.phones import OtherPhoneIndex
from services.registration.persons.service import SHAPE, shown
from services.registration.persons.shapes import PersonOut

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
        access.rows(SCOPING), *matching(session, view, terms), *shared(access, view, terms)
    )
    if not terms.searched():
        statement = statement.where(col(Person.merged_into).is_(None))
    if after:
        statement = statement.where(col(Person.id) > after)
    found = await session.exec(statement.order_by(col(Person.id)).limit(limit))
    return await shown(session, view, found.all())


def shared(access: Access, view: View, terms: Terms) -> list[Clause]:
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
