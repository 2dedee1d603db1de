"""
Tells the others of households that have changed, after the answer to the change has left.

What changes many times in a moment, as a household whose members come row by row, is told once.
"""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import jobs, outbox
from chassis.clock import today
from chassis.db import Database
from chassis.turns import try_turn
from contracts.registration import HouseholdChanged
from services.registration.households import membership, rules
from services.registration.households.models import UNTOLD, Household
from services.registration.households.rules import Fellow
from services.registration.imports.service import KIND

TURN = "telling of households"
SECONDS = 1.0
HOUSEHOLDS_A_STEP = 100


async def tell_changed(database: Database) -> None:
    """Tell of every household that has changed since the last time."""
    while await _tell_some(database):
        pass


async def _tell_some(database: Database) -> int:
    async with database.read() as session:
        # Looking first keeps this from taking SQLite's one write lock for nothing.
        waiting = select(Household.id).where(UNTOLD).order_by(col(Household.id))
        ids = (await session.exec(waiting.limit(HOUSEHOLDS_A_STEP))).all()
        # In a register members of one household come far apart: it is told of when all are there.
        if not ids or await jobs.under_way(session, KIND):
            return 0
    async with database.write() as session:
        if not await try_turn(session, TURN):
            return 0
        # Whoever is being changed is told of next time: nobody should wait for this.
        households = list((await membership.lock(session, ids, free_ones=True)).values())
        await _tell(session, households)
        return len(households)


async def _tell(session: AsyncSession, households: Sequence[Household]) -> None:
    fellows = await membership.fellows(session, [each.id for each in households])
    for each in households:
        if each.untold:
            event = _event(each, fellows[each.id])
            outbox.publish(session, event, subject=str(each.id), sequence=each.version)
            each.untold = False
            session.add(each)


def _event(household: Household, fellows: Sequence[Fellow]) -> HouseholdChanged:
    here = rules.counted(fellows)
    return HouseholdChanged(
        household_id=household.id,
        **household.model_dump(
            include={
                "version",
                "kind",
                "organisation",
                "location_pcode",
                "collector_person_id",
                "alternate_person_id",
                "ended_on",
                "joined_into",
            }
        ),
        head_person_id=rules.head_of(fellows),
        member_ids=[each.person_id for each in here],
        size=len(here),
        composition=rules.composition(fellows, today()),
        counted_on=today(),
    )
