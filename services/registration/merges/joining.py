"""
Putting two registrations together and taking them apart, whoever has decided that.

Nothing is moved: the one that is merged keeps what is written of it and points to the one that is
kept. So it can be taken apart again as it was, and whatever comes to either is lost in no case.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis import merged as registrations
from chassis.caller import Caller
from chassis.clock import now
from chassis.problems import Problem, not_found
from contracts.registration import PersonMerged
from services.registration.duplicates.models import DuplicatePair
from services.registration.households import changing as households
from services.registration.merges import rules
from services.registration.merges.models import Merge
from services.registration.persons.models import Person
from services.registration.vulnerability import merging as vulnerability

By = Caller | audit.Actor


async def both(session: AsyncSession, kept_id: UUID, merged_id: UUID) -> tuple[Person, Person]:
    """
    Return two registrations that nobody else changes meanwhile.

    Nor is any changed that is merged with either: what is done about these two follows in those.
    Whoever locks pairs as well does it after this. 404 when one was erased in this moment.
    """
    theirs = {
        one
        for each in (kept_id, merged_id)
        for one in await registrations.registrations_here(session, Person, each)
    }
    # In one order, so that of two merges the other way round one waits for the other.
    statement = select(Person).where(col(Person.id).in_(theirs))
    statement = statement.order_by(col(Person.id)).with_for_update()
    found = await session.exec(statement.execution_options(populate_existing=True))
    by_id = {person.id: person for person in found}
    if not by_id.keys() >= {kept_id, merged_id}:
        raise not_found("registration")
    return by_id[kept_id], by_id[merged_id]


async def put_together(
    session: AsyncSession, pair: DuplicatePair, kept: Person, merged: Person, by: By
) -> Merge:
    done = Merge(pair_id=pair.id, kept_id=kept.id, merged_id=merged.id, merged_by=by.id)
    session.add(done)
    merged.merged_into = kept.id
    kept.merged = [*kept.merged, str(merged.id)]
    decided(session, pair, "same", by)
    _changed(session, kept, merged)
    # What one organisation found, and who lives with whom there, is not the other one's to know.
    if kept.organisation == merged.organisation:
        await vulnerability.take_note(session, kept, merged, by)
        await households.touch(session, kept.id)
    audit.note(session, by, "merge", "duplicate", [kept.id, merged.id])
    return done


def refuse_too_late(done: Merge, kept: Person, merged: Person) -> None:
    """409 when a merge is too old to be undone, or a departure was noted in both since then."""
    if not rules.may_be_undone(done.merged_at, now()):
        days = rules.UNDO_FOR.days
        raise Problem(409, "out-of-order", f"A merge can be undone for {days} days; it is older.")
    if rules.departed_since(done.merged_at, kept.departed_on, merged.departed_on):
        detail = "The person has departed since, and nobody knows as which of the two."
        raise Problem(409, "out-of-order", detail)


async def take_apart(
    session: AsyncSession, done: Merge, kept: Person, merged: Person, by: By
) -> None:
    here = kept.organisation == merged.organisation
    if here:
        await households.touch(session, kept.id)
    merged.merged_into = None
    kept.merged = [each for each in kept.merged if each != str(merged.id)]
    done.undone_by, done.undone_at = by.id, now()
    session.add(done)
    if here:
        for each in await _upwards(session, kept):
            await vulnerability.take_back(session, each, await _others_of(session, each), by)
    _changed(session, kept, merged)
    audit.note(session, by, "unmerge", "duplicate", [kept.id, merged.id])


async def _upwards(session: AsyncSession, kept: Person) -> Sequence[Person]:
    """Return a registration, the one that goes on instead of it here, and so on."""
    found = [kept]
    while into := found[-1].merged_into:
        above = await session.get_one(Person, into)
        if above.organisation != kept.organisation:
            break
        found.append(above)
    return found


async def in_force(session: AsyncSession, kept_id: UUID, merged_id: UUID) -> Merge | None:
    statement = select(Merge).where(
        col(Merge.kept_id) == kept_id,
        col(Merge.merged_id) == merged_id,
        col(Merge.undone_at).is_(None),
    )
    return (await session.exec(statement)).one_or_none()


async def _others_of(session: AsyncSession, kept: Person) -> Sequence[tuple[Person, datetime]]:
    """Return whom this organisation merged into a registration, and since when."""
    statement = (
        select(Person, Merge.merged_at)
        .join(Merge, col(Merge.merged_id) == col(Person.id))
        .where(col(Merge.kept_id) == kept.id, col(Merge.undone_at).is_(None))
        .where(col(Person.merged_into) == kept.id, col(Person.organisation) == kept.organisation)
    )
    return (await session.exec(statement)).all()


def decided(session: AsyncSession, pair: DuplicatePair, status: str, by: By) -> None:
    pair.status, pair.decided_by, pair.decided_at = status, by.id, now()
    session.add(pair)


def _changed(session: AsyncSession, kept: Person, merged: Person) -> None:
    kept.version += 1
    session.add(kept)
    tell(session, merged)


def tell(session: AsyncSession, merged: Person) -> None:
    """Tell the others which registration goes on instead of this one, or that none does."""
    merged.version += 1
    session.add(merged)
    # Nobody else has heard of an enquiry, so it is nobody's second for them.
    if merged.is_enquiry:
        return
    event = PersonMerged(
        person_id=merged.id, merged_into=merged.merged_into, version=merged.version
    )
    outbox.publish(session, event, subject=str(merged.id), sequence=merged.version)
