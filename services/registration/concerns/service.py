"""Concerns go one way: whoever writes one never reads it, whatever else they may."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem, not_found, wrong
from chassis.scoping import Clause
from chassis.views import View
from services.registration.concerns.models import (
    SCOPING,
    Concern,
    ConcernIn,
    ConcernOut,
    ConcernTold,
    TriageIn,
)
from services.registration.persons import service as persons
from services.registration.referrals import service as referrals
from services.registration.referrals.models import ReferralIn

Status = Literal["new", "triaged"]


async def write(session: AsyncSession, form: ConcernIn, access: Access) -> Concern:
    person = await persons.get_to_add_to(session, form.person_id, access)
    concern = Concern(
        person_id=person.id,
        organisation=person.organisation,
        location_pcode=person.location_pcode,
        written_by=access.caller.id,
        content=b"",
    )
    keys = await crypto.subject_keys(session, [person.id], create=True)
    content = form.model_dump_json(exclude={"person_id"})
    concern.content = keys[person.id].seal("concern", "content", content, row=concern.id)
    session.add(concern)
    audit.note(session, access.caller, "create", "concern", [person.id, concern.id])
    return concern


async def find(
    session: AsyncSession, access: Access, *, status: Status, after: UUID | None, limit: int
) -> Sequence[ConcernOut]:
    """Return the concerns that others wrote about people at the caller's places, oldest first."""
    waiting = col(Concern.triaged_at).is_(None)
    conditions: list[Clause] = [waiting if status == "new" else ~waiting]
    if after:
        conditions.append(col(Concern.id) > after)
    return await _read(session, access, *conditions, limit=limit)


async def get(session: AsyncSession, concern_id: UUID, access: Access) -> ConcernOut:
    found = await _read(session, access, col(Concern.id) == concern_id)
    if not found:
        raise not_found("concern")
    return found[0]


async def triage(
    session: AsyncSession, concern_id: UUID, form: TriageIn, access: Access
) -> ConcernOut:
    """Decide what becomes of a concern, once; taking it up opens the person's notes."""
    statement = select(Concern).where(col(Concern.id) == concern_id, _reachable(access))
    concern = (await session.exec(statement.with_for_update())).one_or_none()
    if concern is None:
        raise not_found("concern")
    if concern.triaged_at:
        raise Problem(409, "conflict", "The concern was triaged before.")
    if (form.outcome == "passed_on") != (form.worker_id is not None):
        detail = "Name a colleague when the concern is passed on, and only then."
        raise wrong("/worker_id", "colleague_expected", detail)
    if form.outcome != "unfounded":
        worker = form.worker_id or access.caller.id
        link = ReferralIn(service="protection", worker_id=worker)
        referral = referrals.add(session, concern.person_id, link, by=access.caller)
        concern.referral_id = referral.id
    concern.outcome = form.outcome
    concern.triaged_by, concern.triaged_at = access.caller.id, now()
    session.add(concern)
    audit.note(session, access.caller, form.outcome, "concern", [concern.person_id, concern.id])
    await session.flush()
    return await get(session, concern_id, access)


def _reachable(access: Access) -> Clause:
    return and_(access.rows(SCOPING), col(Concern.written_by) != access.caller.id)


async def _read(
    session: AsyncSession, access: Access, *conditions: Clause, limit: int | None = None
) -> list[ConcernOut]:
    view = View(access, "concern", SCOPING)
    statement = select(Concern, view.standing).where(_reachable(access), *conditions)
    found = (await session.exec(statement.order_by(col(Concern.id)).limit(limit))).all()
    if not found:
        audit.read("concern")
    keys = await crypto.subject_keys(session, {each.person_id for each, _ in found})
    return [
        view.shown(ConcernOut, _values(each, keys[each.person_id]), standing)
        for each, standing in found
    ]


def _values(concern: Concern, key: crypto.DataKey) -> dict[str, Any]:
    try:
        content = key.open("concern", "content", concern.content, row=concern.id)
        told = ConcernTold.model_validate_json(content).model_dump()
    except crypto.UnreadableError:
        told = dict.fromkeys(ConcernTold.model_fields)
    return {
        **concern.model_dump(),
        **told,
        "status": "triaged" if concern.triaged_at else "new",
    }
