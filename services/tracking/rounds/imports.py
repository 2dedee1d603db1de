"""Rounds that come in as workbooks: refused at the door when wrong, then kept whole as a job."""

import asyncio

from chassis.jobs import Work
from chassis.problems import Problem
from services.tracking.consistency import service as consistency
from services.tracking.detections import service as detections
from services.tracking.rounds import rules, service
from services.tracking.rounds.workbook import Workbook, read

KIND = "import_round"


async def checked(content: bytes) -> Workbook:
    """Return the workbook if every part of it sums to its whole; else raise which rows do not."""
    # Reading takes a tenth of a second of one core, which other requests must not wait for.
    book = await asyncio.to_thread(read, content)
    if faults := rules.disagreements(book):
        detail = f"{len(faults)} rows do not sum; nothing was kept. Correct them and send it again."
        raise Problem(422, "round-does-not-sum", detail, errors=faults)
    return book


async def as_it_is(content: bytes) -> Workbook:
    """Return the workbook, whatever its parts sum to; what disagrees is listed with the round."""
    return await asyncio.to_thread(read, content)


async def import_round(work: Work) -> None:
    """Keep the whole round in one transaction: a round half kept would show wrong sums."""
    # One whose parts do not sum was refused at the door, unless it was to be kept all the same.
    book = await as_it_is(work.payload)
    async with work.step(1) as (session, tally):
        known = await service.known_places(session)
        for remark in [*rules.against_gazetteer(book, known), *book.warnings]:
            tally.warn(remark)
        changed = await service.restate(session, book)
        if changed:
            await detections.look(session, service.POPULATION, book.number)
        stated = rules.stated_otherwise(book)
        await consistency.state(session, book.number, service.POPULATION, stated)
        for row in book.rows:
            # A baladiya's row repeats what its muhallas say; it changes with them.
            said = service.counts(row) if row.sheet != "Baladiya Main" else {}
            new = bool(changed.intersection(said)) or (not said and bool(changed))
            tally.accepted += new
            tally.unchanged += not new
