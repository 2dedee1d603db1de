"""What a search has found, put in place of what one before had found; decisions stay."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.rows import insert_all_unless_there
from services.registration.duplicates import groups
from services.registration.duplicates.candidates import Described, Pair, portions, unchanged
from services.registration.duplicates.comparing import Comparison, best, pair_row
from services.registration.duplicates.models import DuplicatePair
from services.registration.matching.evidence import weights


class Found(NamedTuple):
    """For whom doubles were looked for, the pairs worth keeping, and who was compared as what."""

    people: set[UUID]
    pairs: dict[Pair, Comparison]
    described: dict[UUID, Described]


async def settle(session: AsyncSession, found: Found, *, only_earlier: bool = False) -> set[UUID]:
    """
    Keep what was found of some people, drop what holds no more, and group anew whom it touches.

    `only_earlier` says that pairs were looked for with people of a lesser id only. Returns who is
    in a pair that nobody knew. A pair of somebody who was corrected or erased since they were
    compared is left alone: their next search finds it, or their erasure has ended it.
    """
    rows = await _rows(session, found.people, only_earlier=only_earlier)
    involved = found.people.union(*found.pairs, *rows)
    as_compared = await unchanged(session, involved, found.described)
    pairs = {pair: each for pair, each in found.pairs.items() if as_compared.issuperset(pair)}
    ids = await _put_right(session, rows, pairs, as_compared)
    # What is known counts among the best, or each look would keep as many again.
    new = {pair: each for pair, each in best(pairs, found.people).items() if pair not in rows}
    # Groups decide below which of them are probable.
    made = [pair_row(pair, *each, band="possible", ids={}) for pair, each in new.items()]
    await insert_all_unless_there(session, DuplicatePair, made)
    touched = found.people.union(*ids)
    await groups.regroup(session, touched & as_compared, found.described, found.pairs, ids)
    return {one for pair in new for one in pair}


async def known(session: AsyncSession, after: UUID | None, until: UUID) -> list[Pair]:
    """Return the pairs that are kept of which the greater id is in a stretch."""
    right = col(DuplicatePair.right_id)
    statement = select(DuplicatePair.left_id, DuplicatePair.right_id).where(right <= until)
    if after:
        statement = statement.where(right > after)
    return [(left, right) for left, right in await session.exec(statement)]


async def _rows(
    session: AsyncSession, people: Collection[UUID], *, only_earlier: bool
) -> dict[Pair, DuplicatePair]:
    found: dict[Pair, DuplicatePair] = {}
    for some in portions(people):
        right = among(session, col(DuplicatePair.right_id), some)
        theirs = (
            right if only_earlier else or_(right, among(session, col(DuplicatePair.left_id), some))
        )
        rows = (await session.exec(select(DuplicatePair).where(theirs))).all()
        found |= {(row.left_id, row.right_id): row for row in rows}
    return found


async def _put_right(
    session: AsyncSession,
    rows: Mapping[Pair, DuplicatePair],
    pairs: Mapping[Pair, Comparison],
    as_compared: Collection[UUID],
) -> dict[Pair, UUID]:
    """Weigh again what is open, and drop what holds no more; return the ids of what was dropped."""
    dropped: dict[Pair, UUID] = {}
    for pair, row in rows.items():
        if row.status != "open" or not set(pair) <= set(as_compared):
            continue
        if pair in pairs:
            score, reasons = pairs[pair]
            row.score, row.weights = round(score, 3), weights().version
            row.reasons = [reason._asdict() for reason in reasons]
            session.add(row)
        else:
            dropped[pair] = row.id
            await session.delete(row)
    await session.flush()
    return dropped
