"""
Which pairs of registrations two organisations may both know of, and from which side.

Nobody may learn from a pair that somebody is known elsewhere, unless the person has agreed, to each
of the two organisations, that the other one is told of them, and the two have agreed on it as well.
What lacks any of it is not there, for either.
"""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import SQLColumnExpression, and_, case, exists, false, literal, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.clock import now
from chassis.scoping import Clause
from chassis.unindexed import unindexed
from services.registration.duplicates.models import DuplicatePair
from services.registration.mergeproposals.models import MergeDismissal, MergeProposal
from services.registration.mergeproposals.rules import MERGED
from services.registration.persons.models import Person, scoping_of
from services.registration.servicereferrals import permission

Left, Right = aliased(Person, name="left_person"), aliased(Person, name="right_person")
LEFT_SCOPING, RIGHT_SCOPING = scoping_of(Left), scoping_of(Right)


class Sides(NamedTuple):
    """One's own registration and the other organisation's, of which little may be shown."""

    ours: UUID
    external_id: str
    theirs: UUID
    other_organisation: str


def may_both_know() -> Clause:
    """Return the condition that the person, and both organisations, agree that both know."""
    return and_(_told(Left, Right), _told(Right, Left))


def _told(one: type[Person], other: type[Person]) -> Clause:
    recipient: SQLColumnExpression[str] = literal(permission.PARTNER) + col(other.organisation)
    whose: SQLColumnExpression[str] = col(one.organisation)
    person_id: SQLColumnExpression[UUID] = col(one.id)
    return and_(permission.agreed(whose, recipient), permission.consented(person_id, recipient))


def _ours_is_left(access: Access) -> Clause:
    # An agreement opens another organisation's people to reading; it makes nobody their reviewer.
    return and_(col(Left.organisation) == access.caller.organisation, access.rows(LEFT_SCOPING))


def _ours_is_right(access: Access) -> Clause:
    return and_(col(Right.organisation) == access.caller.organisation, access.rows(RIGHT_SCOPING))


def _reached(access: Access) -> Clause:
    return and_(
        col(Left.organisation) != col(Right.organisation),
        or_(_ours_is_left(access), _ours_is_right(access)),
        # Neither is the caller themselves, or one of theirs, whoever keeps the record.
        access.unclosed(LEFT_SCOPING),
        access.unclosed(RIGHT_SCOPING),
    )


def _sides(access: Access) -> list[Any]:
    left = col(Left.organisation) == access.caller.organisation
    names = ("id", "external_id")
    ours = [case((left, getattr(Left, each)), else_=getattr(Right, each)) for each in names]
    names = ("id", "organisation")
    theirs = [case((left, getattr(Right, each)), else_=getattr(Left, each)) for each in names]
    return [*ours, *theirs]


def candidates(access: Access) -> Any:
    """Select the pairs that the caller may propose to merge, and their sides."""
    waiting = exists().where(
        col(MergeProposal.left_id) == col(DuplicatePair.left_id),
        col(MergeProposal.right_id) == col(DuplicatePair.right_id),
        col(MergeProposal.state) == "open",
        col(MergeProposal.until) > now(),
    )
    return (
        select(DuplicatePair, *_sides(access))
        .join(Left, col(Left.id) == col(DuplicatePair.left_id))
        .join(Right, col(Right.id) == col(DuplicatePair.right_id))
        .where(
            # Few have agreed, and it is found at once; whose they are takes many more looks.
            may_both_know(),
            _reached(access),
            col(Left.merged_into).is_(None),
            col(Right.merged_into).is_(None),
            # Who only rang has asked for an answer, and nobody has met them.
            col(Left.is_enquiry).is_(False),
            col(Right.is_enquiry).is_(False),
            ~waiting,
        )
    )


async def with_whom(session: AsyncSession, organisation: str) -> Clause:
    """
    Return the condition that one side is one's own and the other has agreed on it, and oneself.

    Most have agreed with nobody; then a database need not look at a single pair.
    """
    others = await permission.agreed_both_ways(session, organisation)
    if not others:
        return false()
    # Pairs are read in their order, and their people by their ids.
    left, right = unindexed(col(Left.organisation)), unindexed(col(Right.organisation))
    agree = permission.who_consented([organisation, *others])
    return and_(
        # Few people have agreed as a rule: whoever else is in a pair need not be looked up.
        unindexed(col(DuplicatePair.left_id)).in_(agree),
        unindexed(col(DuplicatePair.right_id)).in_(agree),
        or_(
            and_(left == organisation, right.in_(others)),
            and_(right == organisation, left.in_(others)),
        ),
    )


def dismissed(organisation: str) -> Clause:
    """Return the condition that an organisation has said of a pair that it looks no more."""
    return exists().where(
        col(MergeDismissal.left_id) == col(DuplicatePair.left_id),
        col(MergeDismissal.right_id) == col(DuplicatePair.right_id),
        col(MergeDismissal.organisation) == organisation,
    )


def proposals(access: Access) -> Any:
    """
    Select the proposals that the caller's organisation made or was asked, and their sides.

    A merge that stands is seen as long as it does; everything else only while both may know.
    """
    pair = and_(
        col(DuplicatePair.left_id) == col(MergeProposal.left_id),
        col(DuplicatePair.right_id) == col(MergeProposal.right_id),
    )
    return (
        select(MergeProposal, DuplicatePair, *_sides(access))
        .join(Left, col(Left.id) == col(MergeProposal.left_id))
        .join(Right, col(Right.id) == col(MergeProposal.right_id))
        .outerjoin(DuplicatePair, pair)
        .where(_reached(access), or_(col(MergeProposal.state) == MERGED, may_both_know()))
    )


async def may_know_now(session: AsyncSession, left_id: UUID, right_id: UUID) -> bool:
    """Say whether both may know of the two at this moment; the persons are locked by the caller."""
    statement = select(Left.id).join(Right, col(Right.id) == right_id)
    known = statement.where(col(Left.id) == left_id, may_both_know())
    return (await session.exec(known)).one_or_none() is not None
