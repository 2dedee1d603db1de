"""HTTP in and out for the accounts of people; no decisions."""

from uuid import UUID

import pyotp
from fastapi import Request, Response

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from gateway.identity.issuer import Issuer
from gateway.identity.limits.attempts import FROM_ADDRESS, Attempts, peer
from gateway.identity.local_login import LOCAL_LOGIN
from gateway.identity.passwords import Passwords
from gateway.identity.staff import rules, service
from gateway.identity.staff.models import (
    Activation,
    Enrolment,
    EnrolmentOut,
    Invited,
    Staff,
    StaffIn,
    StaffList,
)

STAFF = "/v1/identity/staff"

router = Router(tags=["identity"], route_class=Once)
door = Router(tags=["identity"], dependencies=[LOCAL_LOGIN])


@router.post(STAFF, status_code=201)
async def invite_staff(form: StaffIn, response: Response, session: WriteSession) -> Invited:
    """Make an account; its invitation is in this answer and nowhere else."""
    staff, invitation = await service.invite(session, form)
    response.headers["Location"] = f"{STAFF}/{staff.id}"
    return _invited(response, staff, invitation)


@router.post(STAFF + "/{staff_id}/invitation", status_code=201)
async def invite_staff_again(
    staff_id: UUID, request: Request, response: Response, caller: CallerDep, session: WriteSession
) -> Invited:
    """Let somebody begin again who lost their password or second factor; all they had ends."""
    issuer: Issuer = request.app.state.issuer
    staff, invitation = await service.invite_again(session, issuer.revocations, staff_id, caller.id)
    return _invited(response, staff, invitation)


def _invited(response: Response, staff: Staff, invitation: str) -> Invited:
    response.headers["Cache-Control"] = "no-store"
    assert staff.invitation_until  # noqa: S101 - It was invited a moment ago.
    shown = service.shown(staff)
    until = staff.invitation_until
    return Invited(**shown.model_dump(), invitation=invitation, invitation_until=until)


@router.get(STAFF)
async def list_staff(session: ReadSession, cursor: Cursor = None, limit: Limit = 50) -> StaffList:
    found = await service.find(session, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return StaffList(items=[service.shown(each) for each in page], next_cursor=following)


@router.delete(STAFF + "/{staff_id}", status_code=204)
async def close_staff(
    staff_id: UUID, request: Request, caller: CallerDep, session: WriteSession
) -> None:
    """Close an account; its sessions end within a minute everywhere."""
    issuer: Issuer = request.app.state.issuer
    await service.close(session, issuer.revocations, staff_id, caller.id)


@door.post("/v1/staff/enrolment")
async def enrol_second_factor(
    form: Enrolment, request: Request, response: Response
) -> EnrolmentOut:
    """Give an invited person the secret of their one-time codes."""
    attempts: Attempts = request.app.state.attempts
    await attempts.spend((FROM_ADDRESS, peer(request)))
    async with database_of(request).write() as session:
        staff, secret = await service.enrol(session, form.invitation)
        await attempts.give_back(session, (FROM_ADDRESS, peer(request)))
    response.headers["Cache-Control"] = "no-store"
    uri = pyotp.TOTP(secret).provisioning_uri(name=staff.name, issuer_name="Masar")
    return EnrolmentOut(name=staff.name, secret=secret, uri=uri)


@door.post("/v1/staff/activation", status_code=204)
async def activate_staff(form: Activation, request: Request) -> None:
    """Open an account with the password its owner chooses and a first one-time code."""
    attempts: Attempts = request.app.state.attempts
    passwords: Passwords = request.app.state.passwords
    await attempts.spend((FROM_ADDRESS, peer(request)))
    async with database_of(request).read() as session:
        rules.refuse_weak(form.password, await service.invited_name(session, form.invitation))
    # Outside of a transaction: others would wait for it as long as the hash takes.
    hashed = await passwords.hash(form.password)
    async with database_of(request).write() as session:
        await service.activate(session, form.invitation, hashed, form.code)
        await attempts.give_back(session, (FROM_ADDRESS, peer(request)))
