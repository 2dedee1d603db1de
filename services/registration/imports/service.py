"""Registers that come in as files: checked at the door, then registered row by row as a job."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from itertools import islice
from time import monotonic
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import sheets
from chassis.authz import Access
from chassis.jobs import Remark, remarks_of
from chassis.problems import Problem
from chassis.scoping import lies_below
from chassis.tables import JobColumns
from chassis.uploads import Line, Row, Upload, decode, each_line, each_row
from chassis.worker import Tally, Work
from services.registration.imports import rejected, rules
from services.registration.imports.households import Households
from services.registration.imports.senders import Sender, sender_of
from services.registration.mappings import repeats
from services.registration.mappings import rules as mapping_rules
from services.registration.mappings import service as mappings
from services.registration.mappings.models import MappingIn
from services.registration.occasions import service as occasions
from services.registration.persons import registering
from services.registration.persons import service as persons
from services.registration.persons.models import PersonIn
from services.registration.persons.registering import Outcome
from services.registration.persons.rules import fingerprint
from services.registration.places.models import GAZETTEER

KIND = "import_persons"
DRY_RUN, MAPPING = "dry_run", "mapping"
ROWS_A_STEP, ROWS_A_STEP_OF_SQLITE = 500, 100
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""
PATIENCE_SECONDS = 10.0

Told = tuple[Row, PersonIn | list[Remark]]
Take = Callable[[AsyncSession, JobColumns, Sequence[PersonIn], Sender], Awaitable[list[Outcome]]]


def read(upload: Upload, mapping: MappingIn | None = None) -> tuple[int, bytes]:
    """
    Return how many rows a register in CSV or XLSX has, and its content as a job keeps it.

    The problem with the file as a whole is raised.
    """
    is_workbook = sheets.is_workbook(upload.content)
    content = upload.content if is_workbook else decode(upload).encode()
    return sum(1 for _ in rows_in(content, mapping)), content


def rows_in(content: bytes, mapping: MappingIn | None) -> Iterator[Row]:
    """Go through the rows of a register as a job keeps it, each as it came."""
    if mapping:
        return mapping_rules.rows(_lines(content, mapping), mapping)
    return each_row(_lines(content), rules.REQUIRED, rules.KNOWN)


def _lines(content: bytes, mapping: MappingIn | None = None) -> Iterable[Line]:
    if not sheets.is_workbook(content):
        return each_line(content)
    if mapping and mapping.repeat:
        found = sheets.sheets(content)
        if name := repeats.sheet_of(found, mapping.repeat):
            return repeats.table(found, name, [each.column for each in mapping.columns])
    return sheets.lines(content)


async def mapping_for(
    session: AsyncSession, mapping_id: UUID | None, access: Access
) -> tuple[MappingIn | None, dict[str, Any]]:
    """Return the mapping that was asked for, and what a job must know to go on by it."""
    if mapping_id is None:
        return None, {}
    found = await mappings.current(session, mapping_id, access)
    mapping_rules.check_names_people(found.told())
    return found.told(), {MAPPING: [str(found.mapping_id), found.version]}


async def import_persons(work: Work) -> None:
    """Register each row, or say why not; a step is a transaction, so a resumed job repeats none."""
    mapping = await _mapping_of(work)
    content = work.payload
    lost = await _go_through(work, content, mapping)
    async with work.database.read() as session:
        remarks = await remarks_of(session, work.job.id, rejected=True)
    work.left_over = await asyncio.to_thread(
        rejected.file_of,
        rows_in(content, mapping),
        remarks,
        workbook=sheets.is_workbook(content),
    )
    if lost:
        raise lost
    if work.job.options.get(DRY_RUN):
        work.detail = "A dry run: this is what would come of it, and nobody was registered."


async def _go_through(work: Work, content: bytes, mapping: MappingIn | None) -> Problem | None:
    """Take each step that is left; return why not all were taken, where the sender lost a right."""
    take: Take = _registered
    rows = rows_in(content, mapping)
    if work.job.options.get(DRY_RUN):
        take = _foreseen(await asyncio.to_thread(_known_before, rows, work.job.position, mapping))
    else:
        await asyncio.to_thread(_skip, rows, work.job.position)
    most = ROWS_A_STEP_OF_SQLITE if work.database.is_sqlite else ROWS_A_STEP
    # A file may have a wrong code in each step: only the first ones are worth a wait.
    news_by = monotonic() + PATIENCE_SECONDS
    # Of a job that is resumed it knows what comes; what came before each household says itself.
    households = Households()
    async with aclosing(_ahead(rows, most, mapping)) as steps:
        async for forms in steps:
            try:
                sender = await sender_of(work)
            except Problem as problem:
                return problem
            await _import_step(work, forms, take, mapping, sender, news_by, households)
    return None


async def _ahead(
    rows: Iterator[Row], most: int, mapping: MappingIn | None
) -> AsyncGenerator[list[Told]]:
    """Go through the steps, and read each while the database is at work on the one before it."""
    # Reading them takes a while, which requests must not wait for.
    reading = asyncio.create_task(asyncio.to_thread(_read, rows, most, mapping))
    try:
        while forms := await reading:
            reading = asyncio.create_task(asyncio.to_thread(_read, rows, most, mapping))
            yield forms
    finally:
        await asyncio.wait([reading])


def _skip(rows: Iterator[Row], number: int) -> None:
    for _ in islice(rows, number):
        pass


def _read(rows: Iterator[Row], most: int, mapping: MappingIn | None) -> list[Told]:
    told: Iterable[Row] = islice(rows, most)
    if mapping:
        told = [mapping_rules.mapped(mapping, row) for row in told]
    return [(row, rules.read_person(row)) for row in told]


def _known_before(rows: Iterator[Row], number: int, mapping: MappingIn | None) -> dict[str, str]:
    """Return what the rows that were gone through say of whom."""
    earlier: dict[str, str] = {}
    for _, form in _read(rows, number, mapping):
        if isinstance(form, PersonIn):
            earlier.setdefault(form.external_id, fingerprint(form.canonical()))
    return earlier


async def _mapping_of(work: Work) -> MappingIn | None:
    if MAPPING not in work.job.options:
        return None
    mapping_id, version = work.job.options[MAPPING]
    async with work.database.read() as session:
        return await mappings.version(session, UUID(mapping_id), version)


async def _import_step(
    work: Work,
    forms: Sequence[Told],
    take: Take,
    mapping: MappingIn | None,
    sender: Sender,
    news_by: float,
    households: Households,
) -> None:
    pcodes = {form.location_pcode for _, form in forms if isinstance(form, PersonIn)}
    nowhere = await GAZETTEER.unknown(work.database, pcodes, max(0.0, news_by - monotonic()))
    async with work.step(work.job.position + len(forms)) as (session, tally):
        numbers = [form.external_id for _, form in forms if isinstance(form, PersonIn)]
        erased = await persons.erased_external_ids(session, work.job.organisation, numbers)
        events = {
            form.registration_event_id
            for _, form in forms
            if isinstance(form, PersonIn) and form.registration_event_id
        }
        unknown = events - await occasions.within_reach(session, events, sender.access)
        refusals = {
            row.line: _refusal(row, form, nowhere, erased, unknown, sender) for row, form in forms
        }
        taken = [
            form for row, form in forms if isinstance(form, PersonIn) and not refusals[row.line]
        ]
        outcomes = iter(await take(session, work.job, taken, sender))
        for row, form in forms:
            if refusal := refusals[row.line]:
                _reject(tally, refusal)
            elif isinstance(form, PersonIn):
                _count(tally, row, form, next(outcomes), households)
        if work.job.position + len(forms) >= work.job.total:
            for remark in await households.at_the_end(session, work.job.organisation):
                tally.warn(remark)
        if mapping:
            _say_by_column(tally, mapping)


def _say_by_column(tally: Tally, mapping: MappingIn) -> None:
    """Name in each remark the column of the file, which is what can be corrected."""
    for _, remark in tally.remarks:
        remark.column = mapping_rules.column_of(mapping, remark.column or "")


def _refusal(
    row: Row,
    form: PersonIn | list[Remark],
    nowhere: Collection[str],
    erased: Collection[str],
    no_events: Collection[UUID],
    sender: Sender,
) -> list[Remark]:
    """Return why a row is not taken, as far as that is known before anybody is registered."""
    if not isinstance(form, PersonIn):
        return form
    if form.location_pcode in nowhere:
        return [rules.unknown_place(row)]
    if not lies_below(form.location_pcode, sender.places):
        return [rules.elsewhere(row)]
    if form.disability and not sender.needs:
        return [rules.not_theirs_to_tell(row)]
    if form.registration_event_id in no_events:
        return [rules.unknown_event(row)]
    return [rules.was_erased(row)] if form.external_id in erased else []


async def _registered(
    session: AsyncSession, job: JobColumns, forms: Sequence[PersonIn], sender: Sender
) -> list[Outcome]:
    # What belongs to the rows is written at once at the end, and not after each of them.
    with session.no_autoflush:
        done = await registering.register_all(
            session,
            forms,
            organisation=job.organisation,
            by=job.created_by,
            case_owner=sender.case_owner,
        )
    return [outcome for _, outcome in done]


def _foreseen(earlier: dict[str, str]) -> Take:
    """Return what says of forms what would come of them after the rows that were gone through."""

    async def take(
        session: AsyncSession, job: JobColumns, forms: Sequence[PersonIn], _sender: Sender
    ) -> list[Outcome]:
        foreseen = await registering.foresee_all(session, forms, job.organisation)

        def outcome(form: PersonIn, alone: Outcome) -> Outcome:
            said = fingerprint(form.canonical())
            if form.external_id not in earlier:
                earlier[form.external_id] = said
                return alone
            return "unchanged" if earlier[form.external_id] == said else "different"

        return list(map(outcome, forms, foreseen))

    return take


def _count(
    tally: Tally, row: Row, form: PersonIn, outcome: Outcome, households: Households
) -> None:
    if outcome == "different":
        tally.reject(rules.other_content(row))
        return
    born = registering.birth_of(form).span()
    odd = [*rules.counted_days(row), *rules.born_later(row, form, born)]
    for remark in [*odd, *households.note(row.line, form, born)]:
        tally.warn(remark)
    tally.accepted += outcome == "created"
    tally.unchanged += outcome == "unchanged"


def _reject(tally: Tally, remarks: list[Remark]) -> None:
    # A row is rejected once, however many things are wrong with it.
    tally.reject(remarks[0])
    tally.remarks += [(True, remark) for remark in remarks[1:]]
