"""HTTP in for shares of return cases; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.sharing import ShareIn, ShareOut, routes
from services.returns.cases import service as cases
from services.returns.cases.sealed import owner
from services.returns.shares.service import SHARING

PREFIX = "/v1/returns"

router = Router(prefix=f"{PREFIX}/shares", tags=["shares"], route_class=Once)


class CaseShareIn(ShareIn):
    """Which case goes to whom."""

    case_id: UUID


@router.post("", status_code=202)
async def share_case(
    form: CaseShareIn, response: Response, access: AccessDep, session: WriteSession
) -> ShareOut:
    """
    Have a case's file given to a recipient, an embassy for a travel document above all.

    It is sent within a minute or so, when it is certain that the person has not withdrawn.
    """
    case = await cases.get(session, form.case_id, access)
    asked = ShareIn.model_validate(form.model_dump(exclude={"case_id"}))
    share = await SHARING.request(session, owner(case), case.id, asked, access.caller)
    response.headers["Location"] = f"{PREFIX}/shares/{share.id}"
    return ShareOut.model_validate(share, from_attributes=True)


routers = [router, *routes(SHARING, PREFIX)]
