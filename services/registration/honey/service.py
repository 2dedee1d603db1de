"""Planting persons who do not exist, and looking at who opened one. Callers own the transaction."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem, not_found
from contracts.registration import AccountReleased
from services.registration.honey import watch
from services.registration.honey.models import (
    ALERT_SCOPING,
    HONEY_SCOPING,
    Alert,
    AlertOut,
    AlertReviewIn,
    FrozenAccount,
    HoneyRecord,
)
from services.registration.persons import registering
from services.registration.persons import service as persons
from services.registration.persons.models import PersonIn

Status = Literal["unreviewed", "reviewed"]


async def plant(session: AsyncSession, form: PersonIn, access: Access) -> HoneyRecord:
    """
    Register somebody who does not exist, by the way that everybody is registered.

    The other services hear of them too, and a search finds them as anybody. They are nobody's
    double (duplicates/search.py): a reviewer would have a reason to open them.
    """
    access.refuse_elsewhere(form.location_pcode)
    organisation, by = access.caller.organisation, access.caller.id
    if await persons.erased_external_ids(session, organisation, [form.external_id]):
        raise persons.refuse_erased()
    person, outcome = await registering.register(
        session, form, organisation=organisation, by=by, case_owner=None
    )
    if outcome != "created":
        raise persons.refuse_other_content()
    honey = HoneyRecord(
        person_id=person.id,
        subject_hash=audit.subject_hash_of(session, person.id),
        external_id=person.external_id,
        organisation=organisation,
        location_pcode=person.location_pcode,
        planted_by=by,
    )
    session.add(honey)
    audit.note(session, access.caller, "create", "honey_record", [person.id, honey.id])
    return honey


async def find(
    session: AsyncSession, access: Access, *, after: UUID | None, limit: int
) -> Sequence[HoneyRecord]:
    statement = select(HoneyRecord).where(access.rows(HONEY_SCOPING))
    if after:
        statement = statement.where(col(HoneyRecord.id) > after)
    found = (await session.exec(statement.order_by(col(HoneyRecord.id)).limit(limit))).all()
    audit.read("honey_record", [each.person_id for each in found])
    return found


async def find_alerts(
    session: AsyncSession,
    access: Access,
    *,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Alert]:
    statement = select(Alert).where(access.rows(ALERT_SCOPING))
    if status:
        waiting = col(Alert.reviewed_at).is_(None)
        statement = statement.where(waiting if status == "unreviewed" else ~waiting)
    if after:
        statement = statement.where(col(Alert.id) > after)
    found = (await session.exec(statement.order_by(col(Alert.id)).limit(limit))).all()
    audit.read("alert", [each.id for each in found])
    return found


async def review(
    session: AsyncSession, alert_id: UUID, form: AlertReviewIn, access: Access
) -> Alert:
    """Say what was behind it; said again, the last word counts."""
    statement = select(Alert).where(col(Alert.id) == alert_id, access.rows(ALERT_SCOPING))
    alert = (await session.exec(statement.with_for_update())).one_or_none()
    if alert is None:
        raise not_found("alert")
    if alert.account == access.caller.id:
        raise Problem(403, "not-by-oneself", "Somebody else has to review what you did.")
    alert.finding = form.finding
    alert.reviewed_by, alert.reviewed_at = access.caller.id, now()
    session.add(alert)
    audit.note(session, access.caller, form.finding, "alert", alert.id)
    await session.flush()
    if form.finding == "misuse":
        await watch.freeze(session, alert)
    else:
        await _release(session, alert)
    return alert


async def _release(session: AsyncSession, alert: Alert) -> None:
    """Let an account in again of which every alert was found to be harmless."""
    suspected = select(Alert.id).where(
        col(Alert.account) == alert.account, col(Alert.finding).is_distinct_from("harmless")
    )
    if (await session.exec(suspected.limit(1))).first():
        return
    frozen = delete(FrozenAccount).where(col(FrozenAccount.account) == alert.account)
    if not (await session.exec(frozen)).rowcount:
        return
    alert.version += 1
    session.add(alert)
    told = AccountReleased(alert_id=alert.id, account=alert.account, released_at=now())
    outbox.publish(session, told, subject=str(alert.id), sequence=alert.version)


async def shown(session: AsyncSession, alerts: Sequence[Alert]) -> list[AlertOut]:
    """Return alerts with what their accounts were denied of late, and whether they are frozen."""
    accounts = sorted({each.account for each in alerts})
    denied = await watch.denied_reads(session, accounts, now())
    statement = select(FrozenAccount.account).where(col(FrozenAccount.account).in_(accounts))
    frozen = set((await session.exec(statement)).all())
    told = set(AlertOut.model_fields) - {"roles"}
    return [
        AlertOut(
            **each.model_dump(include=told),
            roles=each.roles.split(),
            denied_reads=denied.get(each.account, 0),
            frozen=each.account in frozen,
            status="reviewed" if each.reviewed_at else "unreviewed",
        )
        for each in alerts
    ]
