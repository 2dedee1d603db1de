"""HTTP in and out for organisations and their sharing agreements; no decisions."""

from uuid import UUID

from fastapi import Request, Response

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from gateway.identity.issuer import Issuer
from gateway.identity.organisations import service
from gateway.identity.organisations.models import (
    AgreementIn,
    AgreementOut,
    AgreementsOut,
    OrganisationIn,
    OrganisationOut,
    OrganisationsOut,
)

ORGANISATIONS = "/v1/identity/organisations"
AGREEMENTS = "/v1/identity/agreements"

router = Router(tags=["identity"], route_class=Once)


@router.post(ORGANISATIONS, status_code=201)
async def add_organisation(
    form: OrganisationIn, response: Response, session: WriteSession
) -> OrganisationOut:
    organisation = await service.add(session, form)
    response.headers["Location"] = f"{ORGANISATIONS}/{organisation.id}"
    return OrganisationOut(**organisation.model_dump())


@router.get(ORGANISATIONS)
async def list_organisations(
    session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> OrganisationsOut:
    found = await service.find(session, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    items = [OrganisationOut(**each.model_dump()) for each in page]
    return OrganisationsOut(items=items, next_cursor=following)


@router.post(AGREEMENTS, status_code=201)
async def ask_for_agreement(
    form: AgreementIn, response: Response, caller: CallerDep, session: WriteSession
) -> AgreementOut:
    """Ask that one organisation may see people of another; it waits for an approval."""
    agreement = await service.agree(session, form, caller.id)
    response.headers["Location"] = f"{AGREEMENTS}/{agreement.id}"
    return service.shown(agreement)


@router.get(AGREEMENTS)
async def list_agreements(
    session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> AgreementsOut:
    found = await service.find_agreements(session, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return AgreementsOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.post(AGREEMENTS + "/{agreement_id}/approval")
async def approve_agreement(
    agreement_id: UUID, request: Request, caller: CallerDep, session: WriteSession
) -> AgreementOut:
    """Approve what somebody else has asked for; from now on it is in their readers' tokens."""
    issuer: Issuer = request.app.state.issuer
    return service.shown(
        await service.approve(session, issuer.revocations, agreement_id, caller.id)
    )


@router.delete(AGREEMENTS + "/{agreement_id}", status_code=204)
async def end_agreement(
    agreement_id: UUID, request: Request, caller: CallerDep, session: WriteSession
) -> None:
    issuer: Issuer = request.app.state.issuer
    await service.end(session, issuer.revocations, agreement_id, caller.id)
