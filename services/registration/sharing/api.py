"""HTTP in and out for agreements and exceptions; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.persons import service as persons
from services.registration.sharing import service
from services.registration.sharing.models import (
    AgreementIn,
    AgreementOut,
    AgreementsOut,
    DecisionIn,
    ExceptionIn,
    ExceptionOut,
    ExceptionsOut,
    ExceptionState,
)

router = Router(prefix="/v1/registration", tags=["sharing"], route_class=Once)


@router.post("/sharing-agreements", status_code=201)
async def make_sharing_agreement(
    form: AgreementIn, access: AccessDep, session: WriteSession
) -> AgreementOut:
    """Keep an agreement with a recipient; without one in force nothing is shared with them."""
    agreement = await service.agree(session, form, access)
    return AgreementOut.model_validate(agreement, from_attributes=True)


@router.get("/sharing-agreements")
async def list_sharing_agreements(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> AgreementsOut:
    found = await service.find_agreements(session, access, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    items = [AgreementOut.model_validate(each, from_attributes=True) for each in page]
    return AgreementsOut(items=items, next_cursor=following)


@router.post("/sharing-agreements/{agreement_id}/end")
async def end_sharing_agreement(
    agreement_id: UUID, access: AccessDep, session: WriteSession
) -> AgreementOut:
    """End an agreement now: what waits to be sent under it is not sent."""
    agreement = await service.end_agreement(session, agreement_id, access)
    return AgreementOut.model_validate(agreement, from_attributes=True)


@router.post("/persons/{person_id}/sharing-exceptions", status_code=201)
async def ask_for_sharing_exception(
    person_id: UUID, form: ExceptionIn, access: AccessDep, session: WriteSession
) -> ExceptionOut:
    """Ask that a record be shared without consent; a data-protection officer decides."""
    person = await persons.get_to_add_to(session, person_id, access)
    exception = await service.ask(session, person, form, access)
    return ExceptionOut.model_validate(exception, from_attributes=True)


@router.get("/sharing-exceptions")
async def list_sharing_exceptions(
    access: AccessDep,
    session: ReadSession,
    state: ExceptionState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ExceptionsOut:
    found = await service.find_exceptions(
        session, access, state=state, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    items = [ExceptionOut.model_validate(each, from_attributes=True) for each in page]
    return ExceptionsOut(items=items, next_cursor=following)


@router.post("/sharing-exceptions/{exception_id}/decision")
async def decide_on_sharing_exception(
    exception_id: UUID, form: DecisionIn, access: AccessDep, session: WriteSession
) -> ExceptionOut:
    """Approve or reject an exception, as another person than the one who asked for it."""
    exception = await service.decide(session, exception_id, access, approved=form.approved)
    return ExceptionOut.model_validate(exception, from_attributes=True)
