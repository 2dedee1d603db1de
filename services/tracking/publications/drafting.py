"""Drafting as a job: it takes seconds, and a request that waits so long may be cut off."""

import asyncio
from typing import Any

from chassis import behalf
from chassis.caller import Caller
from chassis.jobs import Remark
from chassis.problems import Problem
from chassis.worker import OvertakenError, Work
from services.tracking.publications import service
from services.tracking.publications.models import DraftIn, Publication
from services.tracking.publications.service import Controlled, Uncontrolled

KIND = "draft_publication"
ROUND = "round"
SECONDS_A_STEP = 2.0
"""How often it is told how far the work is, and that its worker lives."""


def asked(number: int, caller: Caller) -> dict[str, Any]:
    """Return what the job must know beside the form."""
    return {ROUND: number} | behalf.on_behalf_of(caller)


async def draft_publication(work: Work) -> None:
    """Control a round's tables and keep them as a draft, which has the id of its job."""
    job = work.job
    if job.position >= job.total:
        return  # The worker before died when all was done.
    form = DraftIn.model_validate_json(work.payload)
    try:
        caller = await _still_analyst(work)
        async with work.database.read() as session:
            found = await service.gathered(session, job.options[ROUND], form)
        controlled = await _watched(work, found)
    except Problem as problem:
        async with work.step(job.position) as (_, tally):
            tally.reject(Remark(code=problem.slug, detail=problem.detail))
            for each in problem.errors:
                # Who drafts sees the figures anyway, and has to know which dimension to leave out.
                tally.warn(Remark(column=each.pointer[:80], code=each.code, detail=each.detail))
        raise
    async with work.step(job.total) as (session, tally):
        if await session.get(Publication, job.id):
            raise OvertakenError
        await service.draft(session, form, controlled, caller, job.id)
        tally.accepted += job.total - job.position


async def _still_analyst(work: Work) -> Caller:
    """Return who asked for it; 403 for who may draft nothing any more."""
    access = await behalf.still_may(work, "publication")
    if access is None:
        detail = "The roles of who asked for this draft have ended; another analyst can draft it."
        raise Problem(403, "forbidden", detail)
    return access.caller


async def _watched(work: Work, found: Uncontrolled) -> Controlled:
    """Control the tables in a thread, and put on record now and then how far that is."""
    # It is all computing, which other requests must not wait for.
    control = asyncio.create_task(asyncio.to_thread(found.controlled))
    while not (await asyncio.wait({control}, timeout=SECONDS_A_STEP))[0]:
        before = work.job.position
        reached = max(before, int(found.share_done * (work.job.total - 1)))
        async with work.step(reached) as (_, tally):
            tally.accepted += reached - before
    return control.result()
