"""HTTP in and out for the sums of a round that are not right; no decisions."""

from typing import Annotated

from fastapi import Query

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from services.tracking.consistency import service
from services.tracking.consistency.models import DisagreementOut, DisagreementsOut, ExplanationIn
from services.tracking.rounds import service as rounds
from services.tracking.rounds.api import Number
from services.tracking.rounds.models import Population

MOST_ITEMS = 1000

router = Router(
    prefix="/v1/tracking/rounds/{number}/disagreements", tags=["rounds"], route_class=Once
)


@router.get("")
async def list_disagreements(
    number: Number,
    session: ReadSession,
    population: Population = "migrant",
    cursor: Annotated[str | None, Query(pattern=r"^[A-Z]{2}[0-9]{2,8}~[a-z_]{1,40}$")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = MOST_ITEMS,
) -> DisagreementsOut:
    """List where parts do not sum to their whole; what is unexplained keeps a round unpublished."""
    await rounds.get(session, number, population)
    found = await service.find(session, number, population)
    after = tuple((cursor or "~").split("~"))
    left = [each for each in found if (each.pcode, each.dimension) > after]
    page = left[:limit]
    return DisagreementsOut(
        items=page,
        next_cursor=f"{page[-1].pcode}~{page[-1].dimension}" if len(left) > limit else None,
        unexplained=sum(each.explanation is None for each in found),
    )


@router.post("/explanations", status_code=201)
async def explain_disagreement(
    number: Number,
    form: ExplanationIn,
    caller: CallerDep,
    session: WriteSession,
    population: Population = "migrant",
) -> DisagreementOut:
    """Explain one disagreement as it stands; other numbers need another explanation."""
    await rounds.get(session, number, population)
    return await service.explain(session, number, population, form, caller)
