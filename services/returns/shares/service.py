"""What returns gives of a return case to those who help it on, an embassy first of all."""

from sqlalchemy import exists
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Fault, Problem
from chassis.scoping import Clause, Who
from chassis.sharing import ShareColumns, Sharing, sharing_tables
from chassis.sharing.service import Content
from contracts.returns import RecordShared, SharingEnded
from contracts.sharing import GIVEN, MISSION, RETURN
from services.returns.cases.models import Case
from services.returns.cases.rules import ENDED, STATUSES
from services.returns.cases.sealed import owner
from services.returns.people.models import Person, is_assigned
from services.returns.tables import Table


async def case_file(session: AsyncSession, share: ShareColumns) -> Content | None:
    """Return what asking for a travel document takes, and nothing of how the person is."""
    case = await session.get(Case, share.about)
    if case is None or STATUSES[case.status] in ENDED:
        return None
    return {
        "case_id": str(case.id),
        "person_id": str(case.person_id),
        "destination_country": case.destination_country,
    }


SHARES = sharing_tables(Table)


def _is_assigned(caller: Who) -> Clause:
    theirs = col(Person.id) == col(SHARES.share.person_id)
    return exists().where(theirs, is_assigned(caller))


SHARING = Sharing(
    tables=SHARES,
    content=case_file,
    assigned=_is_assigned,
    shared=RecordShared,
    ended=SharingEnded,
)


async def stop_if_withdrawn(session: AsyncSession, case: Case) -> None:
    """
    409 `consent-withdrawn` when the person's last word in the register on returning is a no.

    What was signed earlier in the case does not outweigh it; a new yes in the register does.
    """
    answer = await SHARING.answer(session, owner(case), MISSION, RETURN)
    if answer is not None and answer.state != GIVEN:
        detail = f"The person's consent to return is {answer.state}; the case goes no further."
        fault = Fault(pointer="consent", code=f"consent_{answer.state}", detail=detail)
        raise Problem(409, "consent-withdrawn", detail, errors=[fault])
