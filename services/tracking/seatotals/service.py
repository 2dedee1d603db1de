"""What can be done with published totals. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Fault, Problem
from chassis.turns import take_turns
from services.tracking.seatotals.models import PublishedTotal, PublishedTotalIn

TURN = "published sea totals"
APART = {"reason", "note", "published_on", "source_url"}
"""What two rows may differ in and be the same vintage: who told it again, and in which words."""
FIGURES = set(PublishedTotalIn.model_fields) - APART


async def keep(
    session: AsyncSession, form: PublishedTotalIn, by: str
) -> tuple[PublishedTotal, bool]:
    """
    Keep a total as another vintage of its period, and say whether it is new.

    422 `restatement-unexplained` where the period has another figure and no reason is told.
    """
    await take_turns(session, TURN)
    statement = select(PublishedTotal).where(
        col(PublishedTotal.starts_on) == form.starts_on,
        col(PublishedTotal.ends_on) == form.ends_on,
        col(PublishedTotal.word) == form.word,
    )
    earlier = (await session.exec(statement.order_by(col(PublishedTotal.vintage)))).all()
    told = form.model_dump()
    for each in reversed(earlier):
        # A figure may be taken back to an earlier one, which is news if another source says so.
        said_before = each is earlier[-1] or each.source_url == form.source_url
        if said_before and all(getattr(each, name) == told[name] for name in FIGURES):
            return each, False
    if earlier and not form.reason:
        detail = "There is another figure for this period: say why it changes."
        fault = Fault(pointer="/reason", code="missing", detail=detail)
        raise Problem(422, "restatement-unexplained", detail, errors=[fault])
    row = PublishedTotal(**told, vintage=len(earlier) + 1, recorded_by=by)
    session.add(row)
    await session.flush()
    return row, True


async def find(
    session: AsyncSession, *, as_of: date | None, after: UUID | None, limit: int
) -> Sequence[PublishedTotal]:
    """
    Return the vintages in the order in which they came in; with a day, those published by then.

    The first figure of a period that nobody dated counts as published at the end of the period,
    which it cannot have been before; a correction that nobody dated is not told for any day.
    """
    statement = select(PublishedTotal)
    if as_of:
        undated = and_(
            col(PublishedTotal.published_on).is_(None),
            col(PublishedTotal.vintage) == 1,
            col(PublishedTotal.ends_on) <= as_of,
        )
        statement = statement.where(or_(col(PublishedTotal.published_on) <= as_of, undated))
    if after:
        statement = statement.where(col(PublishedTotal.id) > after)
    return (await session.exec(statement.order_by(col(PublishedTotal.id)).limit(limit))).all()
