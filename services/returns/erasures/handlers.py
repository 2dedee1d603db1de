"""What returns does when a person is to be forgotten."""

from uuid import UUID

from sqlalchemy import case
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import erasure, outbox
from chassis.erasure import DELETED, Counts, Forgetting, unlinked
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from contracts.registration import ErasureRequested
from contracts.returns import PersonErased
from services.returns.cases.models import Case
from services.returns.people.models import Assignment, FileRequest, Person
from services.returns.shares.service import SHARING

ENDED = case((col(Case.status) == "departed", "departed"), else_="withdrawn")

# A case stays as one that was, with its country and its end; nothing that was said in it does.
ROWS = (
    (Case.person_id, unlinked(steps=b"", status=ENDED, open_for=None)),
    (SHARING.tables.consent.person_id, DELETED),
    (SHARING.tables.exception.person_id, DELETED),
    (FileRequest.person_id, DELETED),
    (Person.merged_into, unlinked()),
    (Assignment.person_id, DELETED),
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
