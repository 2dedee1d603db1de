"""Registers that come in as files: checked at the door, then registered row by row as a job."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import sheets
from chassis.authz import Access, lies_below
from chassis.jobs import Remark, Tally, Work, remarks_of
from chassis.problems import Problem
from chassis.tables import JobColumns
from chassis.uploads import Row, Upload, decode, lines_of, read_table, rows_of
from services.registration.imports import rejected, rules
from services.registration.imports.senders import Sender, sender_of
from services.registration.mappings import rules as mapping_rules
from services.registration.mappings import service as mappings
from services.registration.mappings.models import MappingIn
from services.registration.occasions import service as occasions
from services.registration.persons import registering
from services.registration.persons import service as persons
from services.registration.persons.models import PersonIn
from services.registration.persons.registering import Outcome
from services.registration.places import service as places

KIND = "import_persons"
DRY_RUN, MAPPING = "dry_run", "mapping"
ROWS_A_STEP = 100
PATIENCE_SECONDS = 10.0

Take = Callable[[AsyncSession, JobColumns, Sequence[PersonIn], Sender], Awaitable[list[Outcome]]]


def read(upload: Upload, mapping: MappingIn | None = None) -> tuple[list[Row], bytes]:
    """
    Return the rows of a register in CSV or XLSX, and its content as a job keeps it.

    The problem with the file as a whole is raised. With a mapping the rows stay as they came.
    """
    if sheets.is_workbook(upload.content):
        lines = sheets.lines(upload.content)
        if mapping:
            return mapping_rules.rows(lines, mapping), upload.content
        return rows_of(lines, rules.REQUIRED, rules.KNOWN), upload.content
    text = decode(upload)
    if mapping:
        return mapping_rules.rows(lines_of(text), mapping), text.encode()
    return read_table(text, rules.REQUIRED, rules.KNOWN), text.encode()


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
    rows, _ = await asyncio.to_thread(read, Upload("register", content), mapping)
    lost = await _go_through(work, rows, mapping)
    async with work.database.read() as session:
        remarks = await remarks_of(session, work.job.id, rejected=True)
    work.left_over = rejected.file_of(rows, remarks, workbook=sheets.is_workbook(content))
    if lost:
        raise lost
    if work.job.options.get(DRY_RUN):
        work.detail = "A dry run: this is what would come of it, and nobody was registered."


async def _go_through(work: Work, rows: Sequence[Row], mapping: MappingIn | None) -> Problem | None:
    """Take each step that is left; return why not all were taken, where the sender lost a right."""
    told = rows if mapping is None else [mapping_rules.mapped(mapping, row) for row in rows]
    take = _foreseen(told[: work.job.position]) if work.job.options.get(DRY_RUN) else _registered
    while work.job.position < len(rows):
        try:
            sender = await sender_of(work)
        except Problem as problem:
            return problem
        start = work.job.position
        await _import_step(work, told[start : start + ROWS_A_STEP], take, mapping, sender)
    return None


async def _mapping_of(work: Work) -> MappingIn | None:
    if MAPPING not in work.job.options:
        return None
    mapping_id, version = work.job.options[MAPPING]
    async with work.database.read() as session:
        return await mappings.version(session, UUID(mapping_id), version)


async def _import_step(
    work: Work, rows: Sequence[Row], take: Take, mapping: MappingIn | None, sender: Sender
) -> None:
    forms = [(row, rules.read_person(row)) for row in rows]
    pcodes = {form.location_pcode for _, form in forms if isinstance(form, PersonIn)}
    nowhere = await places.unknown(work.database, pcodes, PATIENCE_SECONDS)
    async with work.step(work.job.position + len(rows)) as (session, tally):
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
        for row, _ in forms:
            if refusal := refusals[row.line]:
                _reject(tally, refusal)
            else:
                _count(tally, row, next(outcomes))
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


def _foreseen(done: Sequence[Row]) -> Take:
    """Return what says of forms what would come of them after the rows that were gone through."""
    read = map(rules.read_person, done)
    earlier = {each.external_id: each for each in read if isinstance(each, PersonIn)}

    async def one(session: AsyncSession, job: JobColumns, form: PersonIn) -> Outcome:
        before = earlier.setdefault(form.external_id, form)
        if before is not form:
            return "unchanged" if before.canonical() == form.canonical() else "different"
        return await registering.foresee(session, form, job.organisation)

    async def take(
        session: AsyncSession, job: JobColumns, forms: Sequence[PersonIn], _sender: Sender
    ) -> list[Outcome]:
        return [await one(session, job, form) for form in forms]

    return take


def _count(tally: Tally, row: Row, outcome: Outcome) -> None:
    if outcome == "different":
        tally.reject(rules.other_content(row))
        return
    for remark in rules.counted_days(row):
        tally.warn(remark)
    tally.accepted += outcome == "created"
    tally.unchanged += outcome == "unchanged"


def _reject(tally: Tally, remarks: list[Remark]) -> None:
    # A row is rejected once, however many things are wrong with it.
    tally.reject(remarks[0])
    tally.remarks += [(True, remark) for remark in remarks[1:]]
