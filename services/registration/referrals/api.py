"""HTTP in and out for referrals; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from services.registration.referrals import service
from services.registration.referrals.models import Referral, ReferralIn, ReferralOut, ReferralsOut

router = Router(prefix="/v1/registration", tags=["referrals"], route_class=Once)


@router.post("/persons/{person_id}/referrals", status_code=201)
async def open_referral(
    person_id: UUID, form: ReferralIn, access: AccessDep, session: WriteSession
) -> ReferralOut:
    """Refer a person to a colleague or a facility, which opens the notes of that kind to them."""
    return _out(await service.open_one(session, person_id, form, access))


@router.get("/persons/{person_id}/referrals")
async def list_referrals(person_id: UUID, access: AccessDep, session: ReadSession) -> ReferralsOut:
    """Tell who is let into the person's notes, and who was."""
    found = await service.of_person(session, person_id, access)
    return ReferralsOut(items=[_out(each) for each in found])


@router.post("/referrals/{referral_id}/closure")
async def close_referral(
    referral_id: UUID, access: AccessDep, session: WriteSession
) -> ReferralOut:
    """Close a referral: nothing is written under it any more, and in 14 days nothing is read."""
    return _out(await service.close(session, referral_id, access))


def _out(referral: Referral) -> ReferralOut:
    return ReferralOut.model_validate(referral, from_attributes=True)
