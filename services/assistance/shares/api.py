"""HTTP in and out for lists that are shared; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis import jobs
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.sharing import ShareIn, routes
from services.assistance.programmes import service as programmes
from services.assistance.shares import service
from services.assistance.shares.service import SHARING

PREFIX = "/v1/assistance"
PATH = f"{PREFIX}/share-lists"

router = Router(prefix=PATH, tags=["shares"], route_class=Once)


class ListIn(ShareIn):
    """The people of which programme go to whom."""

    programme_id: UUID


@router.post("", status_code=202)
async def share_programme(
    form: ListIn, response: Response, access: AccessDep, session: WriteSession
) -> jobs.JobOut:
    """
    Have everybody who is entitled in a programme, and agreed, shared with a recipient.

    They are those at the places of your role; the list ends half-way when the role does. The job
    counts who agreed (`accepted`), who did not (`rejected`) and who was shared before.
    """
    programme = await programmes.get(session, form.programme_id, access)
    asked = ShareIn.model_validate(form.model_dump(exclude={"programme_id"}))
    job = await service.submit_list(session, programme, asked, access.caller)
    return jobs.accepted(job, PATH, response)


@router.get("/{job_id}")
async def get_share_list(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, service.KIND, job_id, access)


routers = [router, *routes(SHARING, PREFIX)]
