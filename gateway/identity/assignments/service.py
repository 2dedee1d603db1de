"""What can be done with assignments. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import now
from chassis.turns import take_turns
from gateway.identity.assignments import rules
from gateway.identity.assignments.models import Assignment, AssignmentOut


async def hold(session: AsyncSession, holder: str, *, alone: bool) -> None:
    """
    Keep the rights of a holder as they are until the transaction ends.

    Who changes them has them alone, who makes a token of them shares them; so no token can say
    what a change that bites before its instant has taken away.
    """
    await take_turns(session, f"rights {holder}", shared=not alone)


async def assign(session: AsyncSession, assignment: Assignment) -> Assignment:
    """Give a role, or ask for it when a second person has to agree."""
    await hold(session, assignment.holder, alone=True)
    if not rules.needs_approval(assignment.role) or await _is_first(session, assignment.role):
        assignment.approved_at = assignment.asked_at
    others = await of_holder(session, assignment.holder, assignment.organisation)
    rules.refuse_too_many([*others, assignment])
    session.add(assignment)
    return assignment


async def _is_first(session: AsyncSession, role: str) -> bool:
    """
    Say whether this is the first data-protection officer that the installation ever had.

    Nobody could approve them. Once there was one, the next needs an approval like all.
    """
    if role != "dpo":
        return False
    await take_turns(session, "the first data-protection officer")
    statement = select(func.count()).select_from(Assignment).where(col(Assignment.role) == "dpo")
    return (await session.exec(statement)).one() == 0


async def in_force(session: AsyncSession, holder: str, organisation: str) -> list[Assignment]:
    """Return what a token of the holder may say, acting for the organisation."""
    moment = now()
    found = await of_holder(session, holder, organisation)
    return [each for each in found if rules.state_of(each, moment) == "in force"]


async def of_holder(session: AsyncSession, holder: str, organisation: str) -> list[Assignment]:
    statement = (
        select(Assignment)
        .where(col(Assignment.holder) == holder)
        .where(col(Assignment.organisation) == organisation)
        .where(col(Assignment.ended_at).is_(None))
        .order_by(col(Assignment.id))
    )
    return list((await session.exec(statement)).all())


async def of_holders(session: AsyncSession, holders: Sequence[str]) -> list[Assignment]:
    statement = (
        select(Assignment)
        .where(col(Assignment.holder).in_(holders))
        .where(col(Assignment.ended_at).is_(None))
        .order_by(col(Assignment.id))
    )
    return list((await session.exec(statement)).all())


async def await_approval(session: AsyncSession, holder: str) -> None:
    """Let what a second person approved wait again: who holds it may be somebody else now."""
    await hold(session, holder, alone=True)
    for assignment in await of_holders(session, [holder]):
        if rules.needs_approval(assignment.role):
            assignment.approved_by = assignment.approved_at = None
            session.add(assignment)


async def find(
    session: AsyncSession, holder: str | None, after: UUID | None, limit: int
) -> Sequence[Assignment]:
    statement = select(Assignment).order_by(col(Assignment.id)).limit(limit)
    if holder:
        statement = statement.where(col(Assignment.holder) == holder)
    if after:
        statement = statement.where(col(Assignment.id) > after)
    return (await session.exec(statement)).all()


def shown(assignment: Assignment) -> AssignmentOut:
    state = rules.state_of(assignment, now())
    return AssignmentOut(**assignment.model_dump(), state=state)
