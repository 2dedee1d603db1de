"""What a search has found, put in place of what one before had found; decisions stay."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.rows import insert_all_unless_there
from chassis.tables import core_table
from services.registration.duplicates import groups
from services.registration.duplicates.candidates import Described, Pair, portions, unchanged
from services.registration.duplicates.comparing import Comparison, best, pair_row
from services.registration.duplicates.models import DuplicatePair
from services.registration.matching.evidence import weights
from services.registration.persons.models import Person

PERSONS = core_table(Person)
MATCHED = (
    update(PERSONS)
    .where(PERSONS.c.id == bindparam("of"))
    .values(matched_version=bindparam("matched_version"))
)


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


async def note_done(session: AsyncSession, people: Iterable[Any]) -> None:
    """Note that people were looked for, each as they were with the version that they have here."""
    # A person who has changed meanwhile has a higher version, and is looked for again.
    done = [{"of": person.id, "matched_version": person.version} for person in people]
    if done:
        await session.exec(MATCHED, params=done)


async def known(session: AsyncSession, after: UUID | None, until: UUID) -> list[Pair]:
    """Return the pairs that are kept of which the greater id is in a stretch."""
    right = col(DuplicatePair.right_id)
    statement = select(DuplicatePair.left_id, DuplicatePair.right_id).where(right <= until)
    if after:
        statement = statement.where(right > after)
    return [(left, right) for left, right in await session.exec(statement)]


async def known_of(session: AsyncSession, people: Collection[UUID]) -> Collection[Pair]:
    """Return the pairs that are kept of some people."""
    return (await _rows(session, people, only_earlier=False)).keys()


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
