"""Lists of who is entitled, for a partner who hands things out under an agreement."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import behalf, jobs
from chassis.authz import Access
from chassis.caller import Caller
from chassis.problems import Problem
from chassis.scoping import Clause, Who
from chassis.sharing import ShareColumns, ShareIn, Sharing, sharing_tables
from chassis.sharing.judging import refused
from chassis.sharing.service import Content
from chassis.tables import JobColumns
from chassis.worker import Tally, Work
from contracts.assistance import RecordShared, SharingEnded
from services.assistance.entitlements.models import Entitlement
from services.assistance.entitlements.service import joined
from services.assistance.people.models import Person
from services.assistance.programmes.models import Programme
from services.assistance.scoping import ENTITLEMENTS, is_assigned
from services.assistance.tables import Table

KIND = "share_list"
PEOPLE_A_STEP = 100


async def entitlement_line(session: AsyncSession, share: ShareColumns) -> Content | None:
    """Return one line of the list: whom to hand what, as long as it is due."""
    entitlement = await session.get(Entitlement, share.about)
    if entitlement is None or entitlement.status != "open":
        return None
    programme = await session.get(Programme, entitlement.programme_id)
    return {
        "entitlement_id": str(entitlement.id),
        "person_id": str(entitlement.person_id),
        "programme_id": str(entitlement.programme_id),
        "item": programme.item_name if programme else None,
    }


SHARES = sharing_tables(Table)


def _is_assigned(caller: Who) -> Clause:
    theirs = col(Person.id) == col(SHARES.share.person_id)
    return exists().where(theirs, is_assigned(caller))


SHARING = Sharing(
    tables=SHARES,
    content=entitlement_line,
    assigned=_is_assigned,
    shared=RecordShared,
    ended=SharingEnded,
)


async def submit_list(
    session: AsyncSession, programme: Programme, form: ShareIn, caller: Caller
) -> JobColumns:
    """
    Accept a list of everybody who is entitled in a programme where the caller's role counts.

    Each person is a share of their own. 403 at once for a purpose or an agreement that cannot be;
    each consent is asked by the job.
    """
    await SHARING.refuse_stale(session)
    fault = await SHARING.check_terms(session, form, caller.organisation)
    if fault or form.exception_id:
        # An exception is for one person; a list has none.
        raise refused(fault or "no_exception")
    options = {"share": form.model_dump(mode="json")} | behalf.on_behalf_of(caller)
    payload = str(programme.id).encode()
    return jobs.submit(session, KIND, payload, total=0, caller=caller, options=options)


async def share_list(work: Work) -> None:
    """Queue a share for each person of the programme who agreed; the others are only counted."""
    form = ShareIn.model_validate(work.job.options["share"])
    programme_id = UUID(work.payload.decode())
    after: UUID | None = None
    while True:
        access = await _access_of(work)
        async with work.step(work.job.position + PEOPLE_A_STEP) as (session, tally):
            found = await _entitled(session, programme_id, access, after)
            for entitlement in found:
                await _queue(session, tally, entitlement, form, work.job)
        if not found:
            return
        after = found[-1].id


async def _access_of(work: Work) -> Access:
    """Return what who asked for the list may share; 403 once they may share none any more."""
    access = await behalf.still_may(work, KIND)
    if access is None:
        detail = "The roles of who asked for this list were changed or have run out; ask again."
        raise Problem(403, "forbidden", detail)
    return access


async def _queue(
    session: AsyncSession,
    tally: Tally,
    entitlement: Entitlement,
    form: ShareIn,
    job: JobColumns,
) -> None:
    assert entitlement.person_id is not None  # noqa: S101 - Who was erased is in no list.
    table = SHARING.tables.share
    share = table(
        **form.model_dump(),
        person_id=entitlement.person_id,
        about=entitlement.id,
        organisation=job.organisation,
        requested_by=job.created_by,
    )
    there = select(table.id).where(
        col(table.about) == share.about,
        col(table.recipient) == share.recipient,
        col(table.purpose) == share.purpose,
        col(table.state).in_(("queued", "sent")),
    )
    if (await session.exec(there)).first():
        tally.unchanged += 1
        return
    verdict = await SHARING.judge(session, share)
    if verdict.fault:
        # Who did not agree is a number in the job's report, and no more than that.
        tally.rejected += 1
        return
    SHARING.queue(session, share, verdict.consent_version)
    tally.accepted += 1


async def _entitled(
    session: AsyncSession, programme_id: UUID, access: Access, after: UUID | None
) -> Sequence[Entitlement]:
    statement = joined(select(Entitlement)).where(
        col(Entitlement.programme_id) == programme_id,
        col(Entitlement.status) == "open",
        access.rows(ENTITLEMENTS),
    )
    if after:
        statement = statement.where(col(Entitlement.id) > after)
    ordered = statement.order_by(col(Entitlement.id)).limit(PEOPLE_A_STEP)
    found: Sequence[Entitlement] = (await session.exec(ordered)).all()
    return found
