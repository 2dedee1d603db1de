"""What can be done with likely duplicates. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem, not_found
from chassis.unindexed import unindexed
from services.registration.duplicates import rules
from services.registration.duplicates.models import (
    Band,
    DecisionIn,
    DuplicateOut,
    DuplicatePair,
    Registration,
    Status,
)
from services.registration.mergeproposals.reach import dismissed
from services.registration.mergeproposals.rules import UNDECIDED
from services.registration.persons.models import Person, scoping_of

Left, Right = aliased(Person, name="left_person"), aliased(Person, name="right_person")
LEFT_SCOPING, RIGHT_SCOPING = (
    # Pairs are read first, and their people by their ids.
    replace(scoping_of(each), organisation=unindexed(col(each.organisation)))
    for each in (Left, Right)
)


def _visible(access: Access) -> Any:
    """
    Select the pairs of which the caller may see both: a reviewer of both sides, nobody else.

    A pair of two organisations is read by whoever an agreement lets read both, who can compare them
    anyway; to decide about one takes a proposal (services/registration/mergeproposals).
    """
    return (
        select(DuplicatePair, Left.external_id, Right.external_id)
        .join(Left, col(Left.id) == col(DuplicatePair.left_id))
        .join(Right, col(Right.id) == col(DuplicatePair.right_id))
        .where(access.rows(LEFT_SCOPING), access.rows(RIGHT_SCOPING))
    )


async def find(
    session: AsyncSession,
    access: Access,
    *,
    status: Status | None,
    band: Band | None,
    after: UUID | None,
    limit: int,
) -> list[DuplicateOut]:
    statement = _visible(access)
    if status:
        # With a band there is an index in the order of ids; nearly all pairs are open.
        kept = col(DuplicatePair.status) if band else unindexed(col(DuplicatePair.status))
        statement = statement.where(kept == status)
    if status in UNDECIDED:
        # What one's own organisation has dismissed with another one is not its work any more.
        statement = statement.where(~dismissed(access.caller.organisation))
    if band:
        statement = statement.where(col(DuplicatePair.band) == band)
    if after:
        statement = statement.where(col(DuplicatePair.id) > after)
    found = (await session.exec(statement.order_by(col(DuplicatePair.id)).limit(limit))).all()
    audit.read("duplicate", [one for pair, *_ in found for one in (pair.left_id, pair.right_id)])
    return [_shown(*row) for row in found]


async def see(session: AsyncSession, pair_id: UUID, access: Access) -> DuplicateOut:
    pair, left, right = await _get(session, pair_id, access)
    audit.read("duplicate", [pair.left_id, pair.right_id])
    return _shown(pair, left, right)


async def decide(
    session: AsyncSession, pair_id: UUID, form: DecisionIn, access: Access
) -> DuplicateOut:
    """
    Note what a reviewer says; `different` is remembered, whatever is found later.

    409 when somebody has settled the pair and the reviewer does not say that they have seen it.
    """
    pair, left, right = await _get(session, pair_id, access, lock=True)
    if form.decision != "same" and await _are_one_persons(session, pair):
        raise Problem(409, "out-of-order", "These registrations are merged; undo that first.")
    if not rules.may_decide(pair.status, form.seen):
        detail = "Somebody has decided on this pair meanwhile; read it again, and say what you saw."
        raise Problem(409, "out-of-order", detail)
    pair.status = form.decision
    pair.decided_by, pair.decided_at = access.caller.id, now()
    session.add(pair)
    subjects = [pair.left_id, pair.right_id]
    audit.note(session, access.caller, f"decide_{form.decision}", "duplicate", subjects)
    return _shown(pair, left, right)


async def get_to_merge(session: AsyncSession, pair_id: UUID, access: Access) -> DuplicatePair:
    """Return a pair of which both are within reach, or else 404; people are locked before it is."""
    found = await _get(session, pair_id, access)
    pair: DuplicatePair = found[0]
    return pair


async def _are_one_persons(session: AsyncSession, pair: DuplicatePair) -> bool:
    theirs = await merged.registrations_of(session, Person, pair.left_id)
    return pair.right_id in theirs


async def between(session: AsyncSession, one: UUID, other: UUID) -> Sequence[DuplicatePair]:
    """
    Return the pairs of a registration of one person with one of another's, and lock them.

    What is decided of two people is decided of each of their registrations.
    """
    ours, theirs = [await merged.registrations_here(session, Person, each) for each in (one, other)]
    left, right = col(DuplicatePair.left_id), col(DuplicatePair.right_id)
    either_way = or_(
        and_(left.in_(ours), right.in_(theirs)), and_(left.in_(theirs), right.in_(ours))
    )
    statement = select(DuplicatePair).where(either_way).order_by(col(DuplicatePair.id))
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(locked)).all()


async def _get(
    session: AsyncSession, pair_id: UUID, access: Access, *, lock: bool = False
) -> Sequence[Any]:
    statement = _visible(access).where(col(DuplicatePair.id) == pair_id)
    if lock:
        statement = statement.with_for_update(of=DuplicatePair)
    found: Sequence[Any] | None = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("pair of registrations")
    return found


def _shown(pair: DuplicatePair, left: str, right: str) -> DuplicateOut:
    return DuplicateOut.model_validate(
        pair.model_dump()
        | {
            "left": Registration(person_id=pair.left_id, external_id=left),
            "right": Registration(person_id=pair.right_id, external_id=right),
        }
    )
