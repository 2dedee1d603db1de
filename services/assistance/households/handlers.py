"""What assistance does when a household is another than before."""

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.rows import insert_all, new_row, put_newer
from chassis.turns import take_turns
from contracts.registration import HouseholdChanged
from services.assistance.entitlements import kits
from services.assistance.households.models import Household, Member
from services.assistance.programmes.service import TURN


async def follow_household(session: AsyncSession, event: HouseholdChanged) -> None:
    """
    Keep who is in it now and who receives for it: after a split, a join or a move, everybody.

    What the household is entitled to follows.
    """
    # A programme that looks for its people in this moment must see this, or this the programme.
    await take_turns(session, TURN, shared=True)
    columns = set(Household.model_fields) - {"id"}
    kept = new_row(Household, id=event.household_id, **event.model_dump(include=columns))
    if not await put_newer(session, Household, [kept], "version"):
        return
    await session.exec(delete(Member).where(col(Member.household_id) == event.household_id))
    members = [] if event.ended_on else event.member_ids
    rows = [{"household_id": event.household_id, "person_id": each} for each in members]
    await insert_all(session, Member, rows)
    await kits.settle_everywhere(session, event.household_id, audit.system(event.type))
