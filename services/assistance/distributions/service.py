"""What can be done with distributions. Callers own the transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.problems import Problem, not_found, wrong
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from chassis.views import View
from contracts.assistance import EntitlementDelivered
from services.assistance.distributions.models import (
    Distribution,
    DistributionIn,
    DistributionOut,
)
from services.assistance.entitlements import kits
from services.assistance.entitlements import service as entitlements
from services.assistance.entitlements.models import Entitlement
from services.assistance.entitlements.rules import OTHERWISE, WHY
from services.assistance.people.models import Person
from services.assistance.scoping import DISTRIBUTIONS


async def deliver(session: AsyncSession, form: DistributionIn, access: Access) -> Distribution:
    """
    Hand over what somebody is entitled to, once.

    Of requests that come at the same moment one delivers; the update decides which, not a look
    before it.
    """
    # An erasure would not find a delivery that is not committed yet.
    await take_turns(session, ERASING, shared=True)
    found = await entitlements.get(session, form.entitlement_id, access)
    taken = await session.exec(
        update(Entitlement)
        .where(col(Entitlement.id) == found.id, col(Entitlement.status) == "open")
        .values(status="delivered", version=col(Entitlement.version) + 1)
    )
    await session.refresh(found)
    if not taken.rowcount or found.person_id is None:
        raise _refused(found)
    if found.household_id:
        await kits.hand_over(session, found, form.collected_by, access.caller)
    elif form.collected_by:
        detail = "is told of what a household receives, and this is one person's"
        raise wrong("/collected_by", "value_error", detail)
    distribution = Distribution(
        **form.model_dump(),
        programme_id=found.programme_id,
        person_id=found.person_id,
        household_id=found.household_id,
        organisation=access.caller.organisation,
        delivered_by=access.caller.id,
    )
    session.add(distribution)
    subjects = [found.person_id, distribution.id]
    audit.note(session, access.caller, "create", "distribution", subjects)
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


def _refused(entitlement: Entitlement) -> Problem:
    if entitlement.status == "delivered":
        return Problem(409, "already-delivered", "This entitlement was delivered already.")
    return Problem(
        409,
        "entitlement-closed",
        f"This entitlement is closed: {WHY.get(entitlement.closed_because or '', OTHERWISE)}.",
    )


async def see(session: AsyncSession, distribution_id: UUID, access: Access) -> DistributionOut:
    """Return as much of a distribution as the caller may see."""
    view = View(access, DistributionOut.shape, DISTRIBUTIONS)
    statement = _joined(select(Distribution, view.standing)).where(
        col(Distribution.id) == distribution_id, access.rows(DISTRIBUTIONS, action="R")
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("distribution")
    return view.shown(DistributionOut, found[0].model_dump(), found[1])


async def find(
    session: AsyncSession,
    access: Access,
    *,
    programme_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[DistributionOut]:
    view = View(access, DistributionOut.shape, DISTRIBUTIONS)
    statement = _joined(select(Distribution, view.standing)).where(access.rows(DISTRIBUTIONS))
    if programme_id:
        statement = statement.where(col(Distribution.programme_id) == programme_id)
    if after:
        statement = statement.where(col(Distribution.id) > after)
    found = await session.exec(statement.order_by(col(Distribution.id)).limit(limit))
    return [view.shown(DistributionOut, each.model_dump(), standing) for each, standing in found]


def _joined(statement: Any) -> Any:
    return statement.join(Person, col(Person.id) == col(Distribution.person_id))
