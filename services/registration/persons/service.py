"""What can be done with persons. Callers own the transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from chassis import merged, tombstones
from chassis.among import among
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import today
from chassis.fields import rule_of
from chassis.problems import Problem, not_found
from chassis.scoping import REMEMBERED, Clause
from chassis.turns import take_turns
from chassis.views import View
from services.registration.persons import sealed
from services.registration.persons.births import Birth
from services.registration.persons.disability import with_disability
from services.registration.persons.models import SCOPING, Person
from services.registration.persons.parts import Status
from services.registration.persons.shapes import PersonOut

SHAPE = "person"
OWNING_ROLES = frozenset({"case_worker", "protection_officer"})

TOLD_OF_ERASURES = frozenset({"dpo"})
EXTERNAL_ID = "erased external id"
NO_MORE_OF_A_PAPER: Mapping[str, Any] = {"issuer": None, "expires_on": None}
"""What is masked of a paper whether there is something or not."""


async def get(
    session: AsyncSession, person_id: UUID, access: Access, *, lock: bool = False
) -> Person:
    """Return a person with whom the caller may do what they ask to; the record, not for showing."""
    statement = select(Person).where(col(Person.id) == person_id, access.rows(SCOPING))
    if lock:
        statement = statement.with_for_update()
    person = (await session.exec(statement)).one_or_none()
    if person is None:
        raise await _not_there(session, person_id, access.caller)
    return person


async def get_to_add_to(
    session: AsyncSession, person_id: UUID, access: Access, *, lock: bool = False
) -> Person:
    """
    Return a person of whom the caller will write something.

    409 when another registration of the same person goes on instead: nobody would find it here.
    """
    person = await get(session, person_id, access, lock=lock)
    refuse_merged(person)
    return person


async def registrations_of(
    session: AsyncSession, person: Person, *, lock: bool = False, anywhere: bool = False
) -> list[Person]:
    """
    Return all registrations of the person, this one too; `lock` them in one order.

    Those of other organisations are among them only with `anywhere`, for what is true of the person
    whoever keeps their record.
    """
    of = merged.registrations_of if anywhere else merged.registrations_here
    ids = await of(session, Person, person.id)
    statement = select(Person).where(col(Person.id).in_(ids)).order_by(col(Person.id))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return list((await session.exec(statement)).all())


async def get_to_change(
    session: AsyncSession, person_id: UUID, access: Access, names: Iterable[str]
) -> Person:
    """
    Return a person some of whose fields the caller will change.

    404 when it is not theirs to change at all; 403 when one of the fields is not; 409 when another
    registration of the same person goes on instead.
    """
    resources = resources_of(names)
    access.refuse_without(resources, "U")
    person = await get(session, person_id, access)
    refuse_merged(person)
    theirs = (access.rows(SCOPING, resource, "U") for resource in resources)
    statement = select(Person.id).where(col(Person.id) == person_id, *theirs)
    if (await session.exec(statement)).one_or_none() is None:
        raise Problem(403, "forbidden", "You may not change one of these fields of this person.")
    return person


def resources_of(names: Iterable[str]) -> set[str]:
    """Return the rows of the matrix that fields of a person are under."""
    return {rule_of(SHAPE, name).resource for name in names if name in PersonOut.model_fields}


async def standing(
    session: AsyncSession, person_id: UUID, access: Access, shape: str
) -> tuple[View, int]:
    """Return how the caller sees what else is kept about a person; 404 if not at all."""
    view = View(access, shape, SCOPING)
    statement = select(view.standing).where(col(Person.id) == person_id, access.rows(SCOPING))
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("person")
    return view, found


async def see(session: AsyncSession, person_id: UUID, access: Access) -> PersonOut:
    """Return as much of a person as the caller may see."""
    view = View(access, SHAPE, SCOPING)
    found = await _found(session, person_id, access, view)
    if found is None:
        raise await _not_there(session, person_id, access.caller)
    return (await shown(session, view, [found]))[0]


async def _found(
    session: AsyncSession, person_id: UUID, access: Access, view: View
) -> tuple[Person, int] | None:
    statement = _one_within(access.rows(SCOPING, action="R"), view.standing)
    return (await session.exec(statement, params={"person_id": person_id})).one_or_none()


async def standing_to(session: AsyncSession, person_id: UUID, access: Access) -> int | None:
    """Return how the caller stands to a person; None where they may not see them."""
    found = await _found(session, person_id, access, View(access, SHAPE, SCOPING))
    return found and found[1]


async def see_as(
    session: AsyncSession, person: Person, standing: int | None, access: Access
) -> PersonOut:
    """
    Return a person to who has corrected them, as far as they could see them before.

    Whoever tells that somebody has moved to where others work is still told what came of it.
    """
    if standing is None:
        raise await _not_there(session, person.id, access.caller)
    return (await shown(session, View(access, SHAPE, SCOPING), [(person, standing)]))[0]


# The conditions are kept by chassis.authz; a statement of the same ones is worth keeping too.
@lru_cache(maxsize=REMEMBERED)
def _one_within(reached: Clause, standing: ColumnElement[int]) -> Select[Person, int]:
    return select(Person, standing).where(col(Person.id) == bindparam("person_id"), reached)


async def see_again(session: AsyncSession, known: Person, access: Access) -> PersonOut:
    """Return a person whom the caller registered before; it says no more to who did not."""
    try:
        return await see(session, known.id, access)
    except Problem:
        raise refuse_other_content() from None


async def _not_there(session: AsyncSession, person_id: UUID, caller: Caller) -> Problem:
    """Tell the data-protection officer alone that somebody was erased; to others nobody was."""
    if TOLD_OF_ERASURES & caller.roles and await tombstones.is_erased(session, person_id):
        return Problem(410, "erased", "This person was erased; nothing of the record is left.")
    return not_found("person")


async def erased_external_ids(
    session: AsyncSession, organisation: str, external_ids: Sequence[str]
) -> set[str]:
    """Return those of an organisation's numbers whose persons were erased, be it in this moment."""
    # A registration that only waits for the old row to go would bring its person back.
    await take_turns(session, tombstones.ERASING, shared=True)
    by_mark = {external_mark(session, organisation, each): each for each in external_ids}
    return {by_mark[each] for each in await tombstones.raised(session, list(by_mark))}


def external_mark(session: AsyncSession, organisation: str, external_id: str) -> str:
    """Return by what an old register would bring back somebody who was erased."""
    return tombstones.mark(session, EXTERNAL_ID, f"{organisation}\n{external_id}")


def refuse_erased() -> Problem:
    return Problem(
        409,
        "erased-external-id",
        "The record of this external id was erased. Somebody who comes back is registered anew, "
        "under a new external id.",
    )


def refuse_merged(person: Person) -> None:
    if person.merged_into:
        detail = f"This registration is merged into {person.merged_into}, which goes on."
        raise Problem(409, "merged", detail)


def refuse_enquiry(person: Person) -> None:
    if person.is_enquiry:
        detail = f"Of {person.id} there is an enquiry only; complete it to a registration first."
        raise Problem(409, "out-of-order", detail)


def refuse_other_content() -> Problem:
    return Problem(
        409,
        "already-registered",
        "This external id is registered with other content; correct that record instead.",
    )


def owner(caller: Caller) -> str | None:
    """Return to whom a person whom this caller registers is assigned from the start, if to any."""
    return caller.id if caller.roles & OWNING_ROLES else None


async def see_new(session: AsyncSession, person: Person, access: Access) -> PersonOut:
    """Return as much as the caller may see of a person whom they have registered just now."""
    return (await _see_new(session, [person], access))[0]


async def see_all_new(
    session: AsyncSession, ids: Collection[UUID], access: Access
) -> dict[UUID, PersonOut]:
    """Return by id what `see_new` does of each."""
    if not ids:
        return {}
    made = (await session.exec(select(Person).where(among(session, col(Person.id), ids)))).all()
    return {each.id: each for each in await _see_new(session, made, access)}


async def _see_new(
    session: AsyncSession, made: Sequence[Person], access: Access
) -> list[PersonOut]:
    view = View(access, SHAPE, SCOPING)
    always, owned = {"own", "mine", "loc"}, {"own", "mine", "loc", "asg"}

    def standing(person: Person) -> int:
        scopes = owned if person.case_owner == access.caller.id else always
        return view.standing_of_new(person.location_pcode, scopes)

    return await shown(session, view, [(each, standing(each)) for each in made])


async def see_all(
    session: AsyncSession, ids: Collection[UUID], access: Access
) -> dict[UUID, PersonOut]:
    """Return by id as much of each as the caller may see; who is not theirs to see is left out."""
    if not ids:
        return {}
    view = View(access, SHAPE, SCOPING)
    statement = select(Person, view.standing).where(
        among(session, col(Person.id), ids), access.rows(SCOPING, action="R")
    )
    found = (await session.exec(statement)).all()
    return {each.id: each for each in await shown(session, view, found)}


async def shown(
    session: AsyncSession, view: View, found: Sequence[tuple[Person, int]]
) -> list[PersonOut]:
    """Return what the view lets be seen of each; only that is opened, by one query for all keys."""
    seen = [
        person
        for person, standing in found
        if not all(view.hides(name, standing) for name in sealed.SEALED)
    ]
    opened = await sealed.opened(session, seen)
    answers = []
    for person, standing in found:
        values = person.model_dump(include=set(PersonOut.model_fields))
        values |= opened.get(person.id, sealed.NOTHING)
        values["documents"] = [{**NO_MORE_OF_A_PAPER, **each} for each in values["documents"]]
        birth = Birth.of(person)
        converted = birth.converted()
        values["minor"] = birth.minor(today())
        values["born_between"] = converted and converted._asdict()
        values["with_disability"] = with_disability(values["disability"])
        values["status"] = status_of(person)
        answers.append(view.shown(PersonOut, values, standing))
    return answers


def status_of(person: Person) -> Status:
    if person.merged_into:
        return "merged"
    if person.is_enquiry:
        return "enquiry"
    return "departed" if person.departed_on else "registered"
