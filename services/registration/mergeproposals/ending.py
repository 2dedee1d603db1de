"""What ends because a person agrees no more that two organisations know of each other's record."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chassis import audit
from chassis.clock import now
from services.registration.duplicates.models import DuplicatePair
from services.registration.mergeproposals.models import MergeProposal
from services.registration.mergeproposals.rules import ENDED, MERGED, STANDING
from services.registration.merges import joining
from services.registration.persons.models import Person
from services.registration.servicereferrals.rules import PURPOSE

PARTNER = "partner:"


async def hold(session: AsyncSession, person_id: UUID) -> None:
    """
    Lock whom an answer of this person may take apart, before anything of the answer is written.

    In the one order in which a merge locks them, so that neither waits for the other for good.
    """
    standing = await session.exec(_of(person_id))
    ids = {one for each in standing for one in (each.left_id, each.right_id)}
    if ids:
        people = select(Person.id).where(col(Person.id).in_(ids)).order_by(col(Person.id))
        await session.exec(people.with_for_update())


async def stop(
    session: AsyncSession, person_id: UUID, recipient: str, purpose: str, by: audit.Actor
) -> None:
    """End what was proposed to, or merged with, an organisation that is to be told no more."""
    if purpose != PURPOSE or not recipient.startswith(PARTNER):
        return
    for each in (await session.exec(_of(person_id).with_for_update())).all():
        [other] = {each.left_id, each.right_id} - {person_id}
        told = await session.get(Person, other)
        if told and told.organisation == recipient.removeprefix(PARTNER):
            await _end(session, each, by)


def _of(person_id: UUID) -> SelectOfScalar[MergeProposal]:
    return select(MergeProposal).where(
        or_(col(MergeProposal.left_id) == person_id, col(MergeProposal.right_id) == person_id),
        col(MergeProposal.state).in_(STANDING),
    )


async def _end(session: AsyncSession, proposal: MergeProposal, by: audit.Actor) -> None:
    if proposal.state == MERGED:
        await take_apart(session, proposal, by)
    proposal.state, proposal.decided_at = ENDED, now()
    session.add(proposal)


async def take_apart(session: AsyncSession, proposal: MergeProposal, by: joining.By) -> None:
    """Take apart what was merged by a proposal; whether it is one person is then open again."""
    [merged_id] = {proposal.left_id, proposal.right_id} - {proposal.kept_id}
    kept, merged = await joining.both(session, proposal.kept_id, merged_id)
    done = await joining.in_force(session, kept.id, merged.id)
    if done is None:
        return
    await joining.take_apart(session, done, kept, merged, by)
    for pair in await pairs(session, proposal):
        joining.decided(session, pair, "unsure", by)


async def pairs(session: AsyncSession, proposal: MergeProposal) -> Sequence[DuplicatePair]:
    """Return the pair that a proposal is about, locked; none when the two look no more alike."""
    statement = select(DuplicatePair).where(
        col(DuplicatePair.left_id) == proposal.left_id,
        col(DuplicatePair.right_id) == proposal.right_id,
    )
    return (await session.exec(statement.with_for_update())).all()
