"""
One side says that two registrations are not one person's, or are to be left apart, unasked.

It sees the pair no more from then, and the other side learns nothing of it. Once both have said
that they are two people the pair is settled. Callers own the transaction.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.problems import not_found
from chassis.rows import put
from services.registration.duplicates.models import DuplicatePair
from services.registration.mergeproposals import reach
from services.registration.mergeproposals.models import DismissalIn, DismissalOut, MergeDismissal
from services.registration.mergeproposals.reach import Sides
from services.registration.mergeproposals.rules import TWO_PEOPLE, UNDECIDED
from services.registration.merges import joining

RESOURCE = "merge_proposal"


async def dismiss(
    session: AsyncSession, pair_id: UUID, form: DismissalIn, access: Access
) -> DismissalOut:
    """Note that one's own side looks at a pair no more; 404 unless both may know of it."""
    pair, sides = await _get(session, pair_id, access)
    told = MergeDismissal(
        left_id=pair.left_id,
        right_id=pair.right_id,
        organisation=access.caller.organisation,
        because=form.because,
        dismissed_by=access.caller.id,
    )
    await put(session, told)
    subjects = [sides.ours, sides.theirs]
    audit.note(session, access.caller, "dismiss", RESOURCE, subjects, reason=form.because)
    said = await _said(session, pair)
    if [each.because for each in said] == [TWO_PEOPLE] * 2:
        joining.decided(session, pair, "different", access.caller)
    return DismissalOut.model_validate(told.model_dump() | {"pair_id": pair.id})


async def take_back(session: AsyncSession, pair_id: UUID, access: Access) -> None:
    """Look at a pair again; 404 where it is settled by now. One that was not dismissed stays."""
    pair, sides = await _get(session, pair_id, access)
    await forget(session, pair, access.caller.organisation)
    subjects = [sides.ours, sides.theirs]
    audit.note(session, access.caller, "take_back_dismissal", RESOURCE, subjects)


async def forget(session: AsyncSession, pair: DuplicatePair, organisation: str) -> None:
    """Drop what an organisation has said of a pair unasked."""
    dropped = delete(MergeDismissal).where(
        col(MergeDismissal.left_id) == pair.left_id,
        col(MergeDismissal.right_id) == pair.right_id,
        col(MergeDismissal.organisation) == organisation,
    )
    await session.exec(dropped)


async def _get(session: AsyncSession, pair_id: UUID, access: Access) -> tuple[DuplicatePair, Sides]:
    statement = reach.candidates(access).where(
        col(DuplicatePair.id) == pair_id, col(DuplicatePair.status).in_(UNDECIDED)
    )
    # Of two sides that say so at once the second sees what the first has said.
    found = (await session.exec(statement.with_for_update(of=DuplicatePair))).one_or_none()
    if found is None:
        raise not_found("pair of registrations")
    pair, *told = found
    return pair, Sides(*told)


async def _said(session: AsyncSession, pair: DuplicatePair) -> Sequence[MergeDismissal]:
    statement = select(MergeDismissal).where(
        col(MergeDismissal.left_id) == pair.left_id, col(MergeDismissal.right_id) == pair.right_id
    )
    return (await session.exec(statement)).all()
