"""HTTP in and out for merges across organisations; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.duplicates.models import Band
from services.registration.mergeproposals import dismissing, service
from services.registration.mergeproposals.models import (
    AnswerIn,
    CandidatesOut,
    DismissalIn,
    DismissalOut,
    ProposalIn,
    ProposalOut,
    ProposalsOut,
)
from services.registration.mergeproposals.rules import State

PATH = "/v1/registration"
CANDIDATES, PROPOSALS = "/merge-candidates", "/merge-proposals"

router = Router(prefix=PATH, tags=["merges across organisations"], route_class=Once)


@router.get(CANDIDATES)
async def list_merge_candidates(
    access: AccessDep,
    session: ReadSession,
    *,
    band: Annotated[Band | None, Query()] = None,
    dismissed: Annotated[bool, Query()] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CandidatesOut:
    """
    List your registrations whose person another organisation may have registered too.

    With `dismissed` those that your own organisation has dismissed.

    Only of people who have agreed, to each of the two, that the other one is told of them, and only
    between organisations with an agreement on referrals both ways.
    """
    found = await service.candidates(
        session, access, band=band, dismissed=dismissed, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    return CandidatesOut(items=list(page), next_cursor=following)


@router.post(f"{CANDIDATES}/{{pair_id}}/proposals", status_code=201)
async def propose_merge(
    pair_id: UUID, form: ProposalIn, response: Response, access: AccessDep, session: WriteSession
) -> ProposalOut:
    """Ask the other organisation to confirm that the two are one; nothing is merged before."""
    proposal = await service.propose(session, pair_id, form, access)
    response.headers["Location"] = f"{PATH}{PROPOSALS}/{proposal.id}"
    return proposal


@router.put(f"{CANDIDATES}/{{pair_id}}/dismissal")
async def dismiss_merge_candidate(
    pair_id: UUID, form: DismissalIn, access: AccessDep, session: WriteSession
) -> DismissalOut:
    """
    Say, unasked, that they are two people, or to be kept apart; the other side is not told.

    You find the pair no more. It is settled once both organisations have said `two_people`.
    """
    return await dismissing.dismiss(session, pair_id, form, access)


@router.delete(f"{CANDIDATES}/{{pair_id}}/dismissal", status_code=204)
async def take_back_dismissal(pair_id: UUID, access: AccessDep, session: WriteSession) -> None:
    """Find a pair again that your organisation has dismissed."""
    await dismissing.take_back(session, pair_id, access)


@router.get(PROPOSALS)
async def list_merge_proposals(
    access: AccessDep,
    session: ReadSession,
    state: Annotated[State | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ProposalsOut:
    """List what your organisation proposed, and what it was asked."""
    found = await service.find(session, access, state=state, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ProposalsOut(items=list(page), next_cursor=following)


@router.get(f"{PROPOSALS}/{{proposal_id}}")
async def get_merge_proposal(
    proposal_id: UUID, access: AccessDep, session: ReadSession
) -> ProposalOut:
    return await service.see(session, proposal_id, access)


@router.post(f"{PROPOSALS}/{{proposal_id}}/answer")
async def answer_merge_proposal(
    proposal_id: UUID, form: AnswerIn, access: AccessDep, session: WriteSession
) -> ProposalOut:
    """Confirm a merge that the other organisation proposed, or refuse it; every service hears."""
    return await service.answer(session, proposal_id, form, access)


@router.post(f"{PROPOSALS}/{{proposal_id}}/withdrawal")
async def withdraw_merge_proposal(
    proposal_id: UUID, access: AccessDep, session: WriteSession
) -> ProposalOut:
    return await service.withdraw(session, proposal_id, access)


@router.delete(f"{PROPOSALS}/{{proposal_id}}/merge")
async def undo_merge_across_organisations(
    proposal_id: UUID, access: AccessDep, session: WriteSession
) -> ProposalOut:
    """Take a merge apart within 90 days, as either of the two organisations."""
    return await service.undo(session, proposal_id, access)
