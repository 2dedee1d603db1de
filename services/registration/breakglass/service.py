"""
Opening one file without a link to it: in the open, for an hour, and reviewed by somebody else.

Whoever does not get reviewed in time loses the right until they are.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, outbox
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem, not_found
from chassis.turns import take_turns
from contracts.registration import GlassBroken, GlassReviewed
from services.registration.breakglass import rules
from services.registration.breakglass.models import (
    SCOPING,
    Breaking,
    BreakingIn,
    BreakingOut,
    ReviewIn,
)
from services.registration.persons import service as persons

Status = Literal["unreviewed", "reviewed"]
TABLE = "breaking"


async def break_glass(session: AsyncSession, form: BreakingIn, access: Access) -> Breaking:
    """Open one person's file to the caller, and tell of it in the same transaction."""
    caller, at = access.caller, now()
    if not rules.freshly_proved(caller, at):
        detail = "Sign in again with your second factor, then ask within five minutes."
        raise Problem(403, "second-factor-needed", detail)
    person = await persons.get(session, form.person_id, access)
    if form.reason_code is None or not rules.reason_given(form.reason_code, form.explanation):
        detail = (
            f"Give a reason_code and an explanation of at least {rules.LEAST_EXPLANATION} letters."
        )
        raise Problem(403, "reason-needed", detail)
    await take_turns(session, f"glass {caller.id}")
    await _refuse_suspended(session, caller.id, at)
    breaking = Breaking(
        person_id=person.id,
        organisation=person.organisation,
        location_pcode=person.location_pcode,
        broken_by=caller.id,
        roles=" ".join(sorted(each.grant.role for each in access.allowances())),
        reason_code=form.reason_code,
        explanation=b"",
        broken_at=at,
        ends_at=at + rules.OPEN_FOR,
        due_at=rules.review_due(at),
    )
    breaking.explanation = await _sealed(session, breaking, "explanation", form.explanation or "")
    session.add(breaking)
    _put_on_record(session, access, "break_glass", breaking, form.reason_code)
    outbox.publish(
        session,
        GlassBroken(
            breaking_id=breaking.id,
            person_id=person.id,
            broken_by=caller.id,
            reason_code=form.reason_code,
            ends_at=breaking.ends_at,
            review_due_at=breaking.due_at,
        ),
        subject=str(breaking.id),
        sequence=1,
    )
    return breaking


async def _refuse_suspended(session: AsyncSession, user: str, at: datetime) -> None:
    late = and_(col(Breaking.reviewed_at).is_(None), col(Breaking.due_at) <= at)
    statement = select(Breaking.id).where(
        col(Breaking.broken_by) == user,
        or_(late, col(Breaking.finding) == "not_justified"),
    )
    if (await session.exec(statement.limit(1))).first():
        detail = "An earlier breaking of yours was not reviewed in time, or not found justified."
        raise Problem(403, "glass-suspended", detail)


async def find(
    session: AsyncSession,
    access: Access,
    *,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Breaking]:
    statement = select(Breaking).where(access.rows(SCOPING))
    if status:
        waiting = col(Breaking.reviewed_at).is_(None)
        statement = statement.where(waiting if status == "unreviewed" else ~waiting)
    if after:
        statement = statement.where(col(Breaking.id) > after)
    found = (await session.exec(statement.order_by(col(Breaking.id)).limit(limit))).all()
    audit.read("breaking", subjects_of(found))
    return found


async def get(
    session: AsyncSession, breaking_id: UUID, access: Access, *, for_update: bool = False
) -> Breaking:
    statement = select(Breaking).where(col(Breaking.id) == breaking_id, access.rows(SCOPING))
    if for_update:
        statement = statement.with_for_update()
    breaking = (await session.exec(statement)).one_or_none()
    if breaking is None:
        raise not_found("breaking")
    return breaking


async def cosign(session: AsyncSession, breaking_id: UUID, access: Access) -> Breaking:
    """Let a protection officer see the medical notes too, as somebody who treats the person."""
    breaking = await get(session, breaking_id, access, for_update=True)
    _refuse_oneself(breaking, access, "co-sign")
    if breaking.ends_at <= now():
        raise Problem(409, "conflict", "The hour of this breaking is over.")
    if breaking.cosigned_at is None:
        breaking.cosigned_by, breaking.cosigned_at = access.caller.id, now()
        session.add(breaking)
        _put_on_record(session, access, "cosign", breaking)
    else:
        audit.read("breaking", subjects_of([breaking]))
    return breaking


async def review(
    session: AsyncSession, breaking_id: UUID, form: ReviewIn, access: Access
) -> Breaking:
    """Say whether it was justified; said again, the last word counts."""
    breaking = await get(session, breaking_id, access, for_update=True)
    _refuse_oneself(breaking, access, "review")
    breaking.finding = form.finding
    breaking.remark = await _sealed(session, breaking, "remark", form.remark)
    breaking.reviewed_by, breaking.reviewed_at = access.caller.id, now()
    breaking.version += 1
    session.add(breaking)
    _put_on_record(session, access, form.finding, breaking)
    outbox.publish(
        session,
        GlassReviewed(
            breaking_id=breaking.id,
            broken_by=breaking.broken_by,
            finding=form.finding,
            reviewed_by=access.caller.id,
        ),
        subject=str(breaking.id),
        sequence=breaking.version,
    )
    return breaking


def _put_on_record(
    session: AsyncSession, access: Access, act: str, breaking: Breaking, reason: str | None = None
) -> None:
    audit.note(session, access.caller, act, "breaking", subjects_of([breaking]), reason=reason)


def subjects_of(breakings: Iterable[Breaking]) -> list[UUID]:
    """Return whom an entry in the record is about: breakings, and who is not erased of them."""
    found = [id_ for each in breakings for id_ in (each.person_id, each.id)]
    return [each for each in found if each]


def _refuse_oneself(breaking: Breaking, access: Access, what: str) -> None:
    if breaking.broken_by == access.caller.id:
        raise Problem(403, "not-by-oneself", f"Somebody else has to {what} what you did.")


async def _sealed(session: AsyncSession, breaking: Breaking, column: str, text: str) -> bytes:
    key = crypto.service_key(session)
    if breaking.person_id:
        keys = await crypto.subject_keys(session, [breaking.person_id], create=True)
        key = keys[breaking.person_id]
    return key.seal(TABLE, column, text, row=breaking.id)


async def shown(session: AsyncSession, breaking: Breaking, access: Access) -> BreakingOut:
    """Return a breaking as the caller may see it: only who reviews reads the words."""
    reviews = access.may("breaking", "A")
    words: dict[str, Any] = dict.fromkeys(("explanation", "remark"))
    if reviews:
        key = crypto.service_key(session)
        if breaking.person_id:
            key = (await crypto.subject_keys(session, [breaking.person_id]))[breaking.person_id]
        for column, sealed in (("explanation", breaking.explanation), ("remark", breaking.remark)):
            try:
                opened = key.open(TABLE, column, sealed, row=breaking.id) if sealed else None
            except crypto.UnreadableError:
                opened = None
            words[column] = opened
    roles = breaking.roles.split()
    return BreakingOut(
        **breaking.model_dump(include=set(BreakingOut.model_fields) - {"roles", *words}),
        **words,
        roles=roles,
        opens=rules.opens(roles, cosigned=breaking.cosigned_at is not None),
        status="reviewed" if breaking.reviewed_at else "unreviewed",
    )
