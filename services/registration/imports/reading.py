"""The rows of a register: as they came, and as steps that are read ahead of the database."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from chassis import archive, sheets
from chassis.db import Where
from chassis.jobs import Remark
from chassis.problems import Problem, wrong
from chassis.tables import JobColumns
from chassis.tabular import Line, Row, each_line, each_row
from chassis.uploads import Upload, decode
from chassis.worker import Work
from services.registration.imports import rules
from services.registration.imports.households import UNKNOWN
from services.registration.imports.senders import case_owner_of
from services.registration.mappings import repeats
from services.registration.mappings import rules as mapping_rules
from services.registration.mappings.models import MappingIn
from services.registration.persons import making
from services.registration.persons.births import Birth, Span
from services.registration.persons.making import By, Made
from services.registration.persons.models import PersonIn

HOLD_SECONDS = 2.0

Make = Callable[[PersonIn, Birth], Made]


class Told(NamedTuple):
    """A row, the registration in it or why there is none, and what is to be said if it counts."""

    row: Row
    form: PersonIn | list[Remark]
    born: Span
    warnings: list[Remark]
    made: Made | None


NextStep = Callable[[], list[Told]]
"""What reads the next rows; there are none left when it returns none."""


def checked(
    upload: Upload, mapping: MappingIn | None = None, sheet: str | None = None
) -> tuple[int, bytes]:
    """
    Return how many rows a register in CSV or XLSX has, and its content as a job keeps it.

    The problem with the file as a whole is raised.
    """
    is_workbook = sheets.is_workbook(upload.content)
    content = upload.content if is_workbook else decode(upload).encode()
    try:
        return sum(1 for _ in rows_in(content, mapping, sheet)), content
    except Problem as problem:
        if problem.slug == "table-header" and (others := not_read(content, mapping, sheet)):
            read = "One sheet" if sheet else "The first sheet"
            problem.detail += f" {read} was read, and not: {', '.join(others)}."
            problem.detail += " Name the one with the people by `sheet`."
        raise


def rows_in(content: bytes, mapping: MappingIn | None, sheet: str | None = None) -> Iterator[Row]:
    """Go through the rows of a register as a job keeps it, each as it came."""
    # What is in an archive of tables in CSV has no types.
    typed = sheets.is_workbook(content) and not archive.tables(content)
    if mapping:
        return mapping_rules.rows(_lines(content, mapping, sheet), mapping, typed=typed)
    return each_row(_lines(content, None, sheet), rules.REQUIRED, rules.KNOWN, typed=typed)


def _lines(content: bytes, mapping: MappingIn | None, sheet: str | None) -> Iterable[Line]:
    if sheet is not None:
        return sheets.lines(content, counts=False, sheet=_sheet_named(content, mapping, sheet))
    if not sheets.is_workbook(content):
        return each_line(content)
    if mapping and mapping.repeat:
        found = sheets.sheets(content, counts=False)
        if name := repeats.sheet_of(found, mapping.repeat):
            return repeats.table(found, name, [each.column for each in mapping.columns])
    # A number in merged cells is that of a household or a phone, and of each of their rows.
    return sheets.lines(content, counts=False)


def _sheet_named(content: bytes, mapping: MappingIn | None, sheet: str) -> str:
    """Return the name of a sheet that is told by it, or by its number from 1; 422 if none is."""
    if mapping and mapping.repeat:
        raise wrong("/query/sheet", "not_possible", "The mapping's `repeat` names the sheet.")
    shown = sheets.shown(content) if sheets.is_workbook(content) else []
    if sheet in shown:
        return sheet
    if sheet.isdecimal() and 0 < int(sheet) <= len(shown):
        return shown[int(sheet) - 1]
    there = f"There are: {', '.join(shown)}." if shown else "The register is no workbook."
    raise wrong("/query/sheet", "unknown_sheet", f"No sheet that is shown is called so. {there}")


def not_read(content: bytes, mapping: MappingIn | None, sheet: str | None = None) -> list[str]:
    """Return the sheets of a register that were left aside, and may hold people too."""
    if not sheets.is_workbook(content) or archive.tables(content) or (mapping and mapping.repeat):
        return []
    return sheets.beside(content, _sheet_named(content, mapping, sheet) if sheet else None)


def by(job: JobColumns) -> By:
    return By(job.organisation, job.created_by, case_owner_of(job.options))


def making_for(where: Where, by: By) -> Make:
    """Return what makes the rows of who is registered, before the transaction that keeps them."""
    return lambda form, birth: making.made(where, form, by, birth)


async def ahead(work: Work, next_step: NextStep) -> AsyncGenerator[list[Told]]:
    """Go through the steps, and read each while the database is at work on the one before it."""
    # Reading and making them takes a while, which requests must not wait for.
    reading = asyncio.create_task(asyncio.to_thread(next_step))
    try:
        while step := await _held(work, reading):
            reading = asyncio.create_task(asyncio.to_thread(next_step))
            yield step
    finally:
        await asyncio.wait([reading])


async def _held(work: Work, reading: asyncio.Task[list[Told]]) -> list[Told]:
    """Return what is read, and keep the job in hand however long that takes on a busy machine."""
    while not reading.done():
        await asyncio.wait([reading], timeout=HOLD_SECONDS)
        await work.hold()
    return await reading


def read(
    rows: Iterator[Row], most: int, mapping: MappingIn | None, make: Make | None = None
) -> list[Told]:
    told: Iterable[Row] = islice(rows, most)
    if mapping:
        told = [mapping_rules.mapped(mapping, row) for row in told]
    return [_told(row, make) for row in told]


def _told(row: Row, make: Make | None) -> Told:
    form = rules.read_person(row)
    if not isinstance(form, PersonIn):
        return Told(row, form, UNKNOWN, [], None)
    birth = form.birth()
    born = making.since_registered(form, birth).span()
    warnings = [*rules.counted_days(row), *rules.born_later(row, form, born)]
    return Told(row, form, born, warnings, make(form, birth) if make else None)
