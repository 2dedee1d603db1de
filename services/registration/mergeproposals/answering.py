"""What an answer to a proposal does; the persons and the proposal are locked by the caller."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem
from services.registration.mergeproposals import dismissing, ending, reach, rules
from services.registration.mergeproposals.models import AnswerIn, MergeProposal
from services.registration.mergeproposals.reach import Sides
from services.registration.merges import joining
from services.registration.persons.models import Person

RESOURCE = "merge_proposal"


def refuse_unless_open(proposal: MergeProposal) -> None:
    state = rules.state_at(proposal.state, proposal.until, now())
    if state != rules.OPEN:
        raise Problem(409, "out-of-order", f"The proposal is {state}; nothing more is decided.")


async def confirm(
    session: AsyncSession, proposal: MergeProposal, sides: Sides, access: Access
) -> None:
    """Merge the two, if the person still agrees and they still look like one."""
    [merged_id] = {proposal.left_id, proposal.right_id} - {proposal.kept_id}
    kept, under = await joining.both(session, proposal.kept_id, merged_id)
    still = await reach.may_know_now(session, proposal.left_id, proposal.right_id)
    pairs = await ending.pairs(session, proposal)
    if not (still and pairs) or kept.merged_into or under.merged_into:
        detail = "One of the two has changed since this was proposed; it cannot be confirmed."
        raise Problem(409, "out-of-order", detail)
    if under.id == sides.ours:
        await refuse_over_another(session, sides.ours)
    # Who confirms says otherwise than before, if they had dismissed it.
    await dismissing.forget(session, pairs[0], access.caller.organisation)
    done = await joining.put_together(session, pairs[0], kept, under, access.caller)
    settle(session, proposal, rules.MERGED, access)
    proposal.decided_at = done.merged_at
    subjects = [sides.ours, sides.theirs, proposal.id]
    audit.note(session, access.caller, "confirm", RESOURCE, subjects)


async def refuse(
    session: AsyncSession, proposal: MergeProposal, form: AnswerIn, sides: Sides, access: Access
) -> None:
    """Refuse, and remember it; two people are not found to be one again."""
    settle(session, proposal, rules.REFUSED, access)
    proposal.because = form.because
    if form.because == "two_people":
        for pair in await ending.pairs(session, proposal):
            joining.decided(session, pair, "different", access.caller)
    subjects = [sides.ours, sides.theirs, proposal.id]
    audit.note(session, access.caller, "refuse", RESOURCE, subjects, reason=form.because)


def settle(session: AsyncSession, proposal: MergeProposal, state: str, access: Access) -> None:
    proposal.state, proposal.decided_at = state, now()
    proposal.decider, proposal.decided_by = access.caller.organisation, access.caller.id
    session.add(proposal)


async def refuse_over_another(session: AsyncSession, person_id: UUID) -> None:
    """
    409 when a registration that is to be merged has one of another organisation under it.

    So who is under whom is between two organisations at a time, and what each keeps lies together.
    """
    everywhere = await merged.registrations_of(session, Person, person_id)
    here = await merged.registrations_here(session, Person, person_id)
    if everywhere != here:
        detail = "Another organisation's registration is merged into this one; undo that first."
        raise Problem(409, "out-of-order", detail)
