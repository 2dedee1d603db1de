"""HTTP in and out for referrals to services, for who sends and who receives."""

from uuid import UUID

from fastapi import Request, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.places import service as places
from services.registration.servicereferrals import rules, service
from services.registration.servicereferrals.models import (
    RECEIVED,
    AnswerIn,
    ClosureIn,
    ReceivedReferralOut,
    ReceivedReferralsOut,
    ServiceReferralIn,
    ServiceReferralOut,
    ServiceReferralsOut,
)

PATH = "/v1/registration"
OF_PERSON = "/persons/{person_id}/service-referrals"
SENT = "/service-referrals"
GOT = "/received-referrals"

router = Router(prefix=PATH, tags=["service referrals"], route_class=Once)


@router.post(OF_PERSON, status_code=201)
async def refer_to_service(
    person_id: UUID,
    form: ServiceReferralIn,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> ServiceReferralOut:
    """Ask a service, or another organisation, to help a person who agrees to that."""
    await places.refuse_nowhere(database_of(request), form.place_pcode, "/place_pcode")
    referral = await service.send(session, person_id, form, access)
    response.headers["Location"] = f"{PATH}{SENT}/{referral.id}"
    return service.shown(referral)


@router.get(OF_PERSON)
async def list_service_referrals_of_person(
    person_id: UUID,
    access: AccessDep,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ServiceReferralsOut:
    found = await service.of_person(session, person_id, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ServiceReferralsOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.get(SENT)
async def list_service_referrals(
    access: AccessDep,
    session: ReadSession,
    *,
    status: rules.Status | None = None,
    kind: rules.Kind | None = None,
    overdue: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ServiceReferralsOut:
    """List the referrals of your people; `overdue=true` those that are open after their day."""
    conditions = service.narrowed(status=status, kind=kind, overdue=overdue)
    found = await service.find(session, access, *conditions, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ServiceReferralsOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.get(f"{SENT}/{{service_referral_id}}")
async def get_service_referral(
    service_referral_id: UUID, access: AccessDep, session: ReadSession
) -> ServiceReferralOut:
    return service.shown(await service.get(session, service_referral_id, access))


@router.post(f"{SENT}/{{service_referral_id}}/answer")
async def note_answer(
    service_referral_id: UUID, form: AnswerIn, access: AccessDep, session: WriteSession
) -> ServiceReferralOut:
    """Note what a recipient answered who has no account here."""
    return service.shown(await service.answer(session, service_referral_id, form, access, PERSONS))


@router.post(f"{SENT}/{{service_referral_id}}/closure")
async def note_outcome(
    service_referral_id: UUID, form: ClosureIn, access: AccessDep, session: WriteSession
) -> ServiceReferralOut:
    """Close an accepted referral with what came of it."""
    return service.shown(await service.close(session, service_referral_id, form, access, PERSONS))


@router.post(f"{SENT}/{{service_referral_id}}/withdrawal")
async def withdraw_referral(
    service_referral_id: UUID, access: AccessDep, session: WriteSession
) -> ServiceReferralOut:
    """Take a referral back; its recipient learns that, and of the person nothing any more."""
    return service.shown(await service.withdraw(session, service_referral_id, access))


@router.get(GOT)
async def list_received_referrals(
    access: AccessDep,
    session: ReadSession,
    *,
    status: rules.Status | None = None,
    overdue: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReceivedReferralsOut:
    """List what others ask of your organisation at your places, the oldest first."""
    conditions = service.narrowed(status=status, kind=None, overdue=overdue)
    found = await service.received(session, access, *conditions, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ReceivedReferralsOut(items=list(page), next_cursor=following)


@router.get(f"{GOT}/{{service_referral_id}}")
async def get_received_referral(
    service_referral_id: UUID, access: AccessDep, session: ReadSession
) -> ReceivedReferralOut:
    return await service.get_received(session, service_referral_id, access)


@router.post(f"{GOT}/{{service_referral_id}}/answer")
async def answer_received_referral(
    service_referral_id: UUID, form: AnswerIn, access: AccessDep, session: WriteSession
) -> ReceivedReferralOut:
    """Accept a referral, or reject it with a reason; the first answer counts."""
    await service.answer(session, service_referral_id, form, access, RECEIVED)
    return await service.get_received(session, service_referral_id, access)


@router.post(f"{GOT}/{{service_referral_id}}/closure")
async def close_received_referral(
    service_referral_id: UUID, form: ClosureIn, access: AccessDep, session: WriteSession
) -> ReceivedReferralOut:
    """Close what your organisation accepted, with what came of it."""
    await service.close(session, service_referral_id, form, access, RECEIVED)
    return await service.get_received(session, service_referral_id, access)
