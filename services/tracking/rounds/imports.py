"""Rounds that come in as files: refused at the door when wrong, then kept whole as a job."""

import asyncio

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Fault, Problem
from chassis.tables import JobColumns
from chassis.uploads import Upload
from chassis.worker import Tally, Work
from services.tracking.consistency import service as consistency
from services.tracking.consistency.rules import disagreements
from services.tracking.detections import service as detections
from services.tracking.needs import service as needs
from services.tracking.rounds import counted, counts, order, rules, service, versions
from services.tracking.rounds.counted import Asked
from services.tracking.rounds.counts import Key, RoundCounts
from services.tracking.rounds.models import Population, Round
from services.tracking.rounds.versions import Why
from services.tracking.rounds.workbook import Workbook, read

KIND = "import_round"
REASON, AT_REASON = "reason", "query/reason"
BALADIYAS = "Baladiya Main"


async def checked(content: bytes) -> Workbook:
    """Return the workbook if every part of it sums to its whole; else raise which rows do not."""
    # Reading takes a tenth of a second of one core, which other requests must not wait for.
    book = await asyncio.to_thread(read, content)
    if faults := rules.disagreements(book):
        raise _does_not_sum(faults)
    return book


async def as_it_is(content: bytes) -> Workbook:
    """Return the workbook, whatever its parts sum to; what disagrees is listed with the round."""
    return await asyncio.to_thread(read, content)


def refuse_other_number(book: Workbook, asked: int | None) -> None:
    """Raise 422 where a request says another round than its workbook does."""
    if asked not in {None, book.number}:
        detail = f"The workbook is of round {book.number}."
        fault = Fault(pointer="query/round_number", code="round", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])


async def checked_table(
    session: AsyncSession, upload: Upload, asked: Asked, *, keep: bool
) -> counted.Told:
    """Return what a table counts; 422 when its parts do not sum, unless they may be kept so."""
    named = await service.named_places(session)
    told = await asyncio.to_thread(counted.read, upload, asked, named)
    if not any(each.figures for each in told.rounds.values()):
        detail = "No row of the table tells a figure."
        fault = Fault(pointer="line/1", code="empty", detail=detail)
        raise Problem(422, "table-unreadable", detail, errors=[fault])
    faults = [
        Fault(
            pointer=f"line/{told.lines[each.pcode]}/{population} {each.dimension}",
            code="does_not_sum",
            detail=f"The parts sum to {each.parts}, the whole is {each.whole}.",
        )
        for population, of_population in told.rounds.items()
        for each in disagreements(of_population.figures, _stated(told, population))
    ]
    if faults and not keep:
        raise _does_not_sum(faults)
    return told


def _stated(told: counted.Told, population: Population) -> dict[tuple[str, str], int]:
    return {where: value for where, (value, _) in told.stated[population].items()}


def _does_not_sum(faults: list[Fault]) -> Problem:
    detail = f"{len(faults)} rows do not sum; nothing was kept. Correct them and send it again."
    return Problem(422, "round-does-not-sum", detail, errors=faults)


async def import_round(work: Work) -> None:
    """Keep the whole round in one transaction: a round half kept would show wrong sums."""
    if table := work.job.options.get("table"):
        await _import_table(work, Asked(**table))
        return
    # One whose parts do not sum was refused at the door, unless it was to be kept all the same.
    book = await as_it_is(work.payload)
    told = counts.of_workbook(book)
    async with work.step(1) as (session, tally):
        known = await service.known_places(session)
        for remark in [*rules.against_gazetteer(book, known), *book.warnings]:
            tally.warn(remark)
        changed = await _keep(session, told, tally, why_of(work.job))
        stated = rules.stated_otherwise(book)
        await consistency.state(session, book.number, told.population, stated)
        for row in book.rows:
            # A baladiya's row repeats what its muhallas say; it changes with them.
            said = counts.of_row(row) if row.sheet != BALADIYAS else changed
            _tally(tally, new=not changed.isdisjoint(said))


async def _import_table(work: Work, asked: Asked) -> None:
    upload = Upload("table", work.payload, work.job.options.get("charset"))
    async with work.database.read() as session:
        told = await checked_table(session, upload, asked, keep=True)
    async with work.step(1) as (session, tally):
        known = await service.known_places(session)
        for remark in [*told.warnings, *rules.unknown_places(told.lines, known)]:
            tally.warn(remark)
        changed: set[Key] = set()
        for population, of_population in told.rounds.items():
            changed |= await _keep(session, of_population, tally, why_of(work.job))
            number, stated = of_population.number, told.stated[population]
            await consistency.state(session, number, population, stated)
        counted_at = {pcode for each in told.rounds.values() for pcode, _, _ in each.figures}
        changed_at = {pcode for pcode, _, _ in changed}
        for pcode in told.lines:
            # A row of a place above repeats what those within it say; it changes with them.
            _tally(tally, new=pcode in changed_at if pcode in counted_at else bool(changed))


def why_of(job: JobColumns) -> Why:
    return Why(job.created_by, job.options.get(REASON))


async def _keep(session: AsyncSession, told: RoundCounts, tally: Tally, why: Why) -> set[Key]:
    """Keep a population's round; return what was new of it, each figure named apart."""
    of_round = told.number, told.population, told.period
    await order.refuse(session, *of_round)
    async for remark in order.remarks(session, *of_round):
        tally.warn(remark)
    await versions.refuse_unexplained(session, told, why.reason, AT_REASON)
    before = await session.get(Round, (told.number, told.population))
    changed = await service.restate(session, told, why)
    for remark in versions.remarks(told, before, changed) if before else ():
        tally.warn(remark)
    await needs.keep(session, told.number, told.population, told.needs)
    if changed:
        await detections.look(session, told.population, told.number)
    return changed


def _tally(tally: Tally, *, new: bool) -> None:
    tally.accepted += new
    tally.unchanged += not new
