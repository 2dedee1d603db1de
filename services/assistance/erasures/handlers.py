"""What assistance does when a person is to be forgotten."""

from uuid import UUID

from sqlalchemy import case
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import erasure, outbox
from chassis.erasure import DELETED, Counts, Forgetting, unlinked
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from contracts.assistance import PersonErased
from contracts.registration import ErasureRequested
from services.assistance.distributions.models import Distribution
from services.assistance.entitlements.models import Entitlement, Served
from services.assistance.households.models import Household, Member
from services.assistance.people.models import Assignment, FileRequest, Person
from services.assistance.shares.service import SHARING

OPEN = col(Entitlement.status) == "open"
CLOSED = {
    "status": case((OPEN, "closed"), else_=col(Entitlement.status)),
    "closed_because": case((OPEN, "left the register"), else_=col(Entitlement.closed_because)),
}

# Entitlements and distributions stay, without whose they were: programmes are accounted by them.
ROWS = (
    (Served.person_id, DELETED),
    (Distribution.person_id, unlinked()),
    (Distribution.collected_by, unlinked()),
    (Entitlement.person_id, unlinked(**CLOSED)),
    (SHARING.tables.consent.person_id, DELETED),
    (SHARING.tables.exception.person_id, DELETED),
    (FileRequest.person_id, DELETED),
    (Person.merged_into, unlinked()),
    (Assignment.person_id, DELETED),
    (Member.person_id, DELETED),
    (Household.head_person_id, unlinked()),
    (Household.collector_person_id, unlinked()),
    (Household.alternate_person_id, unlinked()),
    (Person.id, DELETED),
)


async def _answer(session: AsyncSession, erasure_id: UUID, rows: Counts, times: int) -> None:
    event = PersonErased(erasure_id=erasure_id, rows=rows)
    outbox.publish(session, event, subject=str(erasure_id), sequence=times)


FORGETTING = Forgetting(rows=ROWS, answer=_answer)


async def forget_person(session: AsyncSession, event: ErasureRequested) -> None:
    """
    Forget the person here; the answer follows once the ledger has it.

    Whoever was given the record is told by its id to delete it too, and has to confirm that.
    """
    # Before any row is locked: whoever shares this turn may wait for such a row.
    await take_turns(session, ERASING)
    theirs = col(SHARING.tables.share.person_id) == event.person_id
    await SHARING.end(session, [theirs], "erased", None)
    await erasure.erase(session, FORGETTING, event.person_id, event.erasure_id)
