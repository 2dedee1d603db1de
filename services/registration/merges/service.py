"""
What can be done about two registrations of one person. Callers own the transaction.

Nothing is moved: the one that is merged keeps what is written of it and points to the one that is
kept. So it can be taken apart again as it was, and whatever comes to either is lost in no case.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Fault, Problem
from contracts.registration import PersonMerged
from services.registration.consents import service as consents
from services.registration.duplicates import service as duplicates
from services.registration.duplicates.models import DuplicatePair
from services.registration.households import changing as households
from services.registration.merges import rules
from services.registration.merges.models import Merge, MergeIn, MergeOut
from services.registration.persons import service as persons
from services.registration.persons.models import Person
from services.registration.vulnerability import merging as vulnerability


async def merge(session: AsyncSession, pair_id: UUID, form: MergeIn, access: Access) -> MergeOut:
    """
    Put one registration of a pair under the other, and note that they are the same person's.

    409 when somebody has decided otherwise, one of them is merged already, or they answered yes
    and no about the same sharing: then the person is asked anew first.
    """
    pair = await duplicates.get_to_decide(session, pair_id, access)
    sides = {pair.left_id, pair.right_id}
    if form.keep not in sides:
        detail = "The registration to keep is one of the two."
        fault = Fault(pointer="/keep", code="not_of_pair", detail=detail)
        raise Problem(422, "validation", "Some values cannot be accepted.", errors=[fault])
    if pair.status == "different":
        detail = "A reviewer said that these are two people; change that decision first."
        raise Problem(409, "out-of-order", detail)
    [merged_id] = sides - {form.keep}
    kept, merged = await _both(session, form.keep, merged_id)
    for each in (kept, merged):
        persons.refuse_merged(each)
    if kept.is_enquiry and not merged.is_enquiry:
        detail = "A registration does not go under an enquiry; keep the registration instead."
        raise Problem(409, "out-of-order", detail)
    if await consents.contradict(session, kept.id, merged.id):
        detail = "The two answered yes and no about the same sharing of their file."
        raise Problem(409, "consents-differ", detail)
    done = Merge(pair_id=pair.id, kept_id=kept.id, merged_id=merged.id, merged_by=access.caller.id)
    session.add(done)
    merged.merged_into = kept.id
    kept.merged = [*kept.merged, str(merged.id)]
    pair.status = "same"
    _decided(session, pair, access)
    _changed(session, kept, merged)
    await vulnerability.take_note(session, kept, merged, access.caller)
    await households.touch(session, kept.id)
    audit.note(session, access.caller, "merge", "duplicate", [kept.id, merged.id])
    return shown(done)


async def undo(session: AsyncSession, pair_id: UUID, access: Access) -> MergeOut:
    """
    Take two registrations apart again; whether they are one person's is then to be decided anew.

    409 when they are not merged, have been for longer than it can be undone, or a departure since
    then was noted in both.
    """
    pair = await duplicates.get_to_decide(session, pair_id, access)
    done = await _in_force(session, pair.id)
    if done is None:
        raise Problem(409, "out-of-order", "These registrations are not merged.")
    if not rules.may_be_undone(done.merged_at, now()):
        days = rules.UNDO_FOR.days
        raise Problem(409, "out-of-order", f"A merge can be undone for {days} days; it is older.")
    kept, merged = await _both(session, done.kept_id, done.merged_id)
    if rules.departed_since(done.merged_at, kept.departed_on, merged.departed_on):
        detail = "The person has departed since, and nobody knows as which of the two."
        raise Problem(409, "out-of-order", detail)
    await households.touch(session, kept.id)
    merged.merged_into = None
    kept.merged = [each for each in kept.merged if each != str(merged.id)]
    done.undone_by, done.undone_at = access.caller.id, now()
    session.add(done)
    others = await _others_of(session, kept)
    await vulnerability.take_back(session, kept, others, access.caller)
    pair.status = "unsure"
    _decided(session, pair, access)
    _changed(session, kept, merged)
    audit.note(session, access.caller, "unmerge", "duplicate", [kept.id, merged.id])
    return shown(done)


def shown(done: Merge) -> MergeOut:
    until = rules.undo_until(done.merged_at)
    return MergeOut.model_validate(done.model_dump() | {"undo_until": until})


async def _in_force(session: AsyncSession, pair_id: UUID) -> Merge | None:
    statement = select(Merge).where(col(Merge.pair_id) == pair_id, col(Merge.undone_at).is_(None))
    return (await session.exec(statement)).one_or_none()


async def _others_of(session: AsyncSession, kept: Person) -> Sequence[tuple[Person, datetime]]:
    """Return who is merged into a registration, and since when."""
    statement = (
        select(Person, Merge.merged_at)
        .join(Merge, col(Merge.merged_id) == col(Person.id))
        .where(col(Merge.kept_id) == kept.id, col(Merge.undone_at).is_(None))
        .where(col(Person.merged_into) == kept.id)
    )
    return (await session.exec(statement)).all()


async def _both(session: AsyncSession, kept_id: UUID, merged_id: UUID) -> tuple[Person, Person]:
    # In one order, so that of two merges the other way round one waits for the other.
    statement = select(Person).where(col(Person.id).in_([kept_id, merged_id]))
    found = await session.exec(statement.order_by(col(Person.id)).with_for_update())
    by_id = {person.id: person for person in found}
    return by_id[kept_id], by_id[merged_id]


def _decided(session: AsyncSession, pair: DuplicatePair, access: Access) -> None:
    pair.decided_by, pair.decided_at = access.caller.id, now()
    session.add(pair)


def _changed(session: AsyncSession, kept: Person, merged: Person) -> None:
    for person in (kept, merged):
        person.version += 1
        session.add(person)
    # Nobody else has heard of an enquiry, so it is nobody's second for them.
    if merged.is_enquiry:
        return
    event = PersonMerged(
        person_id=merged.id, merged_into=merged.merged_into, version=merged.version
    )
    outbox.publish(session, event, subject=str(merged.id), sequence=merged.version)


async def let_go(session: AsyncSession, person_id: UUID) -> Sequence[UUID]:
    """
    Let a person who is forgotten be named by no other; return who was merged into them.

    These are the same person, and forgotten with them.
    """
    person = await session.get(Person, person_id)
    if person is None:
        return []
    above = select(Person).where(col(Person.id) == person.merged_into).with_for_update()
    if kept := (await session.exec(above)).one_or_none():
        kept.merged = [each for each in kept.merged if each != str(person_id)]
        session.add(kept)
    return [UUID(each) for each in person.merged]
