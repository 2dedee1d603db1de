"""What can be done with distributions. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.caller import Caller
from chassis.problems import Problem, not_found
from contracts.assistance import EntitlementDelivered
from services.assistance.distributions.models import Distribution, DistributionIn
from services.assistance.entitlements.models import Entitlement
from services.assistance.programmes.models import Programme


async def deliver(session: AsyncSession, form: DistributionIn, caller: Caller) -> Distribution:
    """
    Hand over what somebody is entitled to, once.

    Of requests that come at the same moment one delivers; the update decides which, not a look
    before it.
    """
    found = await _entitlement(session, form.entitlement_id, caller)
    taken = await session.exec(
        update(Entitlement)
        .where(col(Entitlement.id) == found.id, col(Entitlement.status) == "open")
        .values(status="delivered", version=col(Entitlement.version) + 1)
    )
    await session.refresh(found)
    if not taken.rowcount:
        raise _refused(found)
    distribution = Distribution(
        **form.model_dump(),
        programme_id=found.programme_id,
        person_id=found.person_id,
        organisation=caller.organisation,
        delivered_by=caller.id,
    )
    session.add(distribution)
    outbox.publish(
        session,
        EntitlementDelivered(
            entitlement_id=found.id,
            programme_id=found.programme_id,
            person_id=found.person_id,
            delivered_on=form.delivered_on,
        ),
        subject=str(found.id),
        sequence=found.version,
    )
    return distribution


async def _entitlement(session: AsyncSession, entitlement_id: UUID, caller: Caller) -> Entitlement:
    found = await session.get(Entitlement, entitlement_id)
    programme = await session.get(Programme, found.programme_id) if found else None
    if found is None or programme is None or programme.organisation != caller.organisation:
        raise not_found("entitlement")
    return found


def _refused(entitlement: Entitlement) -> Problem:
    if entitlement.status == "delivered":
        return Problem(409, "already-delivered", "This entitlement was delivered already.")
    return Problem(
        409,
        "entitlement-closed",
        f"This entitlement is closed: the person has {entitlement.closed_because}.",
    )


async def get(session: AsyncSession, distribution_id: UUID, caller: Caller) -> Distribution:
    found = await session.get(Distribution, distribution_id)
    if found is None or found.organisation != caller.organisation:
        raise not_found("distribution")
    return found


async def find(
    session: AsyncSession,
    caller: Caller,
    *,
    programme_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Distribution]:
    statement = select(Distribution).where(col(Distribution.organisation) == caller.organisation)
    if programme_id:
        statement = statement.where(col(Distribution.programme_id) == programme_id)
    if after:
        statement = statement.where(col(Distribution.id) > after)
    return (await session.exec(statement.order_by(col(Distribution.id)).limit(limit))).all()
