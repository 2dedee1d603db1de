"""What can be done about one person's registrations in two organisations. Callers own commits."""

from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from chassis.unindexed import unindexed
from services.registration.duplicates.models import Band, DuplicatePair, Registration
from services.registration.mergeproposals import answering, dismissing, ending, reach, rules
from services.registration.mergeproposals.models import (
    AnswerIn,
    CandidateOut,
    MergeProposal,
    ProposalIn,
    ProposalOut,
)
from services.registration.mergeproposals.reach import Sides
from services.registration.mergeproposals.rules import State
from services.registration.merges import joining
from services.registration.merges.rules import undo_until

RESOURCE = "merge_proposal"
Found = tuple[MergeProposal, DuplicatePair | None, Sides]


async def candidates(
    session: AsyncSession,
    access: Access,
    *,
    band: Band | None,
    dismissed: bool,
    after: UUID | None,
    limit: int,
) -> list[CandidateOut]:
    """
    Return the pairs that nobody has said to be two people's, and nobody has asked about.

    Those that one's own side has dismissed, or the others.
    """
    organisation = access.caller.organisation
    with_whom = await reach.with_whom(session, organisation)
    # Nearly all pairs are open: found by that, all would be put in order for each page.
    undecided = unindexed(col(DuplicatePair.status)).in_(rules.UNDECIDED)
    is_dismissed = reach.dismissed(organisation)
    wanted = is_dismissed if dismissed else ~is_dismissed
    statement = reach.candidates(access).where(with_whom, undecided, wanted)
    if band:
        statement = statement.where(col(DuplicatePair.band) == band)
    if after:
        statement = statement.where(col(DuplicatePair.id) > after)
    found = (await session.exec(statement.order_by(col(DuplicatePair.id)).limit(limit))).all()
    rows = [(pair, Sides(*sides)) for pair, *sides in found]
    audit.read(RESOURCE, [one for _, sides in rows for one in (sides.ours, sides.theirs)])
    return [
        CandidateOut.model_validate(
            _both_sides(sides)
            | {"id": pair.id, "band": pair.band, "reasons": rules.told(pair.reasons)}
        )
        for pair, sides in rows
    ]


async def propose(
    session: AsyncSession, pair_id: UUID, form: ProposalIn, access: Access
) -> ProposalOut:
    """
    Ask the other organisation to confirm that two registrations are one person's.

    404 unless the person and both organisations agree that both know; 409 when it is asked already,
    or the other one has refused: then it is for them to ask.
    """
    statement = reach.candidates(access).where(col(DuplicatePair.id) == pair_id)
    found = (await session.exec(statement.with_for_update(of=DuplicatePair))).one_or_none()
    if found is None:
        raise not_found("pair of registrations")
    pair, *told = found
    sides = Sides(*told)
    await _refuse_again(session, pair, access)
    await dismissing.forget(session, pair, access.caller.organisation)
    if form.keep == "theirs":
        await answering.refuse_over_another(session, sides.ours)
    proposal = MergeProposal(
        left_id=pair.left_id,
        right_id=pair.right_id,
        kept_id=sides.ours if form.keep == "ours" else sides.theirs,
        proposer=access.caller.organisation,
        proposed_by=access.caller.id,
        until=now() + rules.ANSWERED_WITHIN,
    )
    if not await insert_new(session, proposal):
        raise Problem(409, "out-of-order", "This was proposed already, and waits for an answer.")
    subjects = [sides.ours, sides.theirs, proposal.id]
    audit.note(session, access.caller, "propose", RESOURCE, subjects)
    return _shown((proposal, pair, sides), access)


async def _refuse_again(session: AsyncSession, pair: DuplicatePair, access: Access) -> None:
    """Close what nobody answered in time; 409 when who was asked has refused, and asks nobody."""
    statement = select(MergeProposal).where(
        col(MergeProposal.left_id) == pair.left_id, col(MergeProposal.right_id) == pair.right_id
    )
    before = (await session.exec(statement.order_by(col(MergeProposal.id).desc()))).all()
    for each in before:
        if rules.state_at(each.state, each.until, now()) == rules.EXPIRED:
            each.state = rules.EXPIRED
            session.add(each)
    await session.flush()
    refused = next((each for each in before if each.state == rules.REFUSED), None)
    if refused and refused.proposer == access.caller.organisation:
        detail = "The other organisation has refused this; it may propose it itself."
        raise Problem(409, "out-of-order", detail)


async def find(
    session: AsyncSession, access: Access, *, state: State | None, after: UUID | None, limit: int
) -> list[ProposalOut]:
    statement = reach.proposals(access)
    is_open = col(MergeProposal.state) == rules.OPEN
    if state == rules.EXPIRED:
        over = and_(is_open, col(MergeProposal.until) <= now())
        statement = statement.where(or_(col(MergeProposal.state) == rules.EXPIRED, over))
    elif state == rules.OPEN:
        statement = statement.where(is_open, col(MergeProposal.until) > now())
    elif state:
        statement = statement.where(col(MergeProposal.state) == state)
    if after:
        statement = statement.where(col(MergeProposal.id) > after)
    found = (await session.exec(statement.order_by(col(MergeProposal.id)).limit(limit))).all()
    rows: list[Found] = [(each, pair, Sides(*sides)) for each, pair, *sides in found]
    audit.read(RESOURCE, [one for *_, sides in rows for one in (sides.ours, sides.theirs)])
    return [_shown(row, access) for row in rows]


async def see(session: AsyncSession, proposal_id: UUID, access: Access) -> ProposalOut:
    found = await _get(session, proposal_id, access)
    audit.read(RESOURCE, [found[2].ours, found[2].theirs])
    return _shown(found, access)


async def answer(
    session: AsyncSession, proposal_id: UUID, form: AnswerIn, access: Access
) -> ProposalOut:
    """
    Confirm a merge, or refuse it, as somebody of the organisation that was asked.

    403 `second-person-needed` for the organisation that proposed it, and for who did, whomever they
    work for; 409 when it was answered, is too old, or holds no more.
    """
    proposal, pair, sides = await _get_to_change(session, proposal_id, access)
    if access.caller.organisation == proposal.proposer or access.caller.id == proposal.proposed_by:
        detail = "Whoever is asked answers: somebody else, of the other organisation."
        raise Problem(403, "second-person-needed", detail)
    answering.refuse_unless_open(proposal)
    if form.confirmed:
        await answering.confirm(session, proposal, sides, access)
    else:
        await answering.refuse(session, proposal, form, sides, access)
    return _shown((proposal, pair, sides), access)


async def withdraw(session: AsyncSession, proposal_id: UUID, access: Access) -> ProposalOut:
    """Take back what one's own organisation proposed and nobody has answered."""
    found = await _get_to_change(session, proposal_id, access)
    proposal, _, sides = found
    if access.caller.organisation != proposal.proposer:
        raise Problem(409, "out-of-order", "Who proposed it takes it back; you may refuse it.")
    answering.refuse_unless_open(proposal)
    answering.settle(session, proposal, rules.WITHDRAWN, access)
    audit.note(session, access.caller, "withdraw", RESOURCE, [sides.ours, proposal.id])
    return _shown(found, access)


async def undo(session: AsyncSession, proposal_id: UUID, access: Access) -> ProposalOut:
    """Take apart what was merged, as somebody of either organisation, within 90 days."""
    found = await _get_to_change(session, proposal_id, access)
    proposal = found[0]
    if proposal.state != rules.MERGED:
        raise Problem(409, "out-of-order", "These registrations are not merged.")
    [merged_id] = {proposal.left_id, proposal.right_id} - {proposal.kept_id}
    kept, merged = await joining.both(session, proposal.kept_id, merged_id)
    done = await joining.in_force(session, kept.id, merged.id)
    if done:
        joining.refuse_too_late(done, kept, merged)
    await ending.take_apart(session, proposal, access.caller)
    answering.settle(session, proposal, rules.UNDONE, access)
    return _shown(found, access)


async def _get(session: AsyncSession, proposal_id: UUID, access: Access) -> Found:
    statement = reach.proposals(access).where(col(MergeProposal.id) == proposal_id)
    # What was read before the persons were locked may be another by now.
    statement = statement.execution_options(populate_existing=True)
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("proposal")
    proposal, pair, *sides = found
    return proposal, pair, Sides(*sides)


async def _get_to_change(session: AsyncSession, proposal_id: UUID, access: Access) -> Found:
    """Return a proposal that nobody else changes meanwhile; the persons are locked first."""
    proposal, *_ = await _get(session, proposal_id, access)
    await joining.both(session, proposal.left_id, proposal.right_id)
    locked = select(MergeProposal.id).where(col(MergeProposal.id) == proposal_id)
    await session.exec(locked.with_for_update())
    return await _get(session, proposal_id, access)


def _both_sides(sides: Sides) -> dict[str, Any]:
    return {
        "ours": Registration(person_id=sides.ours, external_id=sides.external_id),
        "other_organisation": sides.other_organisation,
    }


def _shown(found: Found, access: Access) -> ProposalOut:
    proposal, pair, sides = found
    own = proposal.proposer == access.caller.organisation
    decided_by_ours = proposal.decider == access.caller.organisation
    merged_at = proposal.decided_at if proposal.state == rules.MERGED else None
    values = proposal.model_dump() | {
        **_both_sides(sides),
        "pair_id": pair.id if pair else None,
        "state": rules.state_at(proposal.state, proposal.until, now()),
        "asked": "by_us" if own else "of_us",
        "keep": rules.seen_from(kept=proposal.kept_id == sides.ours),
        "band": pair.band if pair else None,
        "reasons": rules.told(pair.reasons) if pair else None,
        "proposed_by": proposal.proposed_by if own else None,
        "decided_by": proposal.decided_by if decided_by_ours else None,
        "undo_until": undo_until(merged_at) if merged_at else None,
    }
    return ProposalOut.model_validate(values)
