"""HTTP in and out for the sessions of people; no decisions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.auth import CallerDep
from chassis.clock import now
from chassis.db import WriteSession, database_of
from chassis.operations import Router
from chassis.problems import Problem
from gateway.identity.failures import Failure, Failures
from gateway.identity.issuer import Issuer
from gateway.identity.keys.signer import LIFETIME_SECONDS
from gateway.identity.limits.attempts import FROM_ADDRESS, TO_ACCOUNT, Attempts, peer
from gateway.identity.local_login import LOCAL_LOGIN
from gateway.identity.passwords import Passwords
from gateway.identity.sessions import service
from gateway.identity.sessions.models import (
    Confirmation,
    Renewal,
    SessionIn,
    SessionOut,
    StaffSession,
)
from gateway.identity.staff import service as people
from gateway.identity.staff.models import Staff

router = Router(tags=["identity"])


@router.post("/v1/sessions", status_code=201, dependencies=[LOCAL_LOGIN])
async def log_in(form: SessionIn, request: Request, response: Response) -> SessionOut:
    """Begin a session with name, password and a one-time code; a code counts once."""
    attempts: Attempts = request.app.state.attempts
    passwords: Passwords = request.app.state.passwords
    tries = (FROM_ADDRESS, peer(request)), (TO_ACCOUNT, form.name)
    async with _counting(request, "login"):
        await attempts.spend(*tries)
    async with database_of(request).read() as session:
        staff = await people.by_name(session, form.name)
    # Outside of a transaction: others would wait for it as long as the hash takes.
    right = await passwords.match(staff.password_hash if staff else None, form.password)
    answer = None
    # A failure is counted, so this commits whether the login succeeds or not; not so for an
    # account that is frozen.
    async with _counting(request, "login"), database_of(request).write() as session:
        staff = await people.by_name(session, form.name)
        if staff and await service.prove(session, staff, password=right, code=form.code):
            begun = await service.begin(session, staff, form.organisation)
            answer = await _answer(request, session, *begun) if begun else None
        if answer:
            await attempts.give_back(session, *tries)
        _record(session, request, staff, "login", succeeded=answer is not None, named=form.name)
    if answer is None:
        detail = "The name, the password or the code is wrong, or the account rests for a while."
        raise Problem(401, "login-failed", detail)
    response.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/v1/sessions/renewal", dependencies=[LOCAL_LOGIN])
async def renew_session(form: Renewal, request: Request, response: Response) -> SessionOut:
    """Give the next tokens of a session; the refresh token that was sent is used up."""
    attempts: Attempts = request.app.state.attempts
    issuer: Issuer = request.app.state.issuer
    async with _counting(request, "renewal"):
        await attempts.spend((FROM_ADDRESS, peer(request)))
    answer = None
    # A token that was copied ends its session, so this commits in either case.
    async with database_of(request).write() as session:
        renewed = await service.renew(session, issuer.revocations, form.refresh_token)
        if renewed:
            answer = await _answer(request, session, *renewed)
            await attempts.give_back(session, (FROM_ADDRESS, peer(request)))
        else:
            _record(session, request, None, "renewal", succeeded=False)
    if answer is None:
        raise Problem(401, "session-ended", "The session is over; log in again.")
    response.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/v1/sessions/current/confirmation", dependencies=[LOCAL_LOGIN])
async def confirm_session(
    form: Confirmation, request: Request, response: Response, caller: CallerDep
) -> SessionOut:
    """Prove the second factor again, for what asks for a fresh one; gives a token that says so."""
    attempts: Attempts = request.app.state.attempts
    async with _counting(request, "confirmation"):
        await attempts.spend((TO_ACCOUNT, caller.id))
    answer = None
    async with database_of(request).write() as session:
        begun = await service.of_caller(session, caller.session)
        staff = await people.by_subject(session, begun.holder) if begun else None
        if (
            begun
            and staff
            and await service.prove(
                session, staff, password=staff.password_hash is not None, code=form.code
            )
        ):
            begun.authenticated_at = now()
            session.add(begun)
            answer = await _answer(request, session, begun, None)
            await attempts.give_back(session, (TO_ACCOUNT, caller.id))
        _record(session, request, staff, "confirmation", succeeded=answer is not None)
    if answer is None:
        raise Problem(401, "login-failed", "The code is wrong, or was used before.")
    response.headers["Cache-Control"] = "no-store"
    return answer


@router.delete("/v1/sessions/current", status_code=204)
async def log_out(request: Request, caller: CallerDep, session: WriteSession) -> None:
    """End the caller's session; its tokens are void within a minute everywhere."""
    issuer: Issuer = request.app.state.issuer
    await service.end(session, issuer.revocations, caller.session or caller.id)


@asynccontextmanager
async def _counting(request: Request, action: str) -> AsyncIterator[None]:
    """Count a try that is refused whatever was sent: there were too many, or a freeze."""
    failures: Failures = request.app.state.failures
    try:
        yield
    except Problem:
        failures.count(action, peer(request))
        raise


def _record(
    session: AsyncSession,
    request: Request,
    staff: Staff | None,
    action: str,
    *,
    succeeded: bool,
    named: str = "",
) -> None:
    """Put a try on record with the address it came from: that of the socket, not of a header."""
    failures: Failures = request.app.state.failures
    account = audit.Actor(staff.subject, staff.organisation) if staff else None
    if account and succeeded:
        audit.note(session, account, action, "session", reason=f"from {peer(request)}")
    else:
        failures.note(session, Failure(action, peer(request), account, named))


async def _answer(
    request: Request, session: AsyncSession, begun: StaffSession, refresh_token: str | None
) -> SessionOut:
    issuer: Issuer = request.app.state.issuer
    return SessionOut(
        access_token=issuer.signer.sign(await service.claims(session, begun)),
        expires_in=LIFETIME_SECONDS,
        refresh_token=refresh_token,
        session_until=begun.until,
    )
