"""Registers that come in as files: checked at the door, then registered row by row as a job."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import sheets
from chassis.authz import Access
from chassis.db import plan_anew
from chassis.jobs import Remark
from chassis.problems import Problem
from chassis.scoping import lies_below
from chassis.tables import JobColumns
from chassis.tabular import Row
from chassis.worker import Tally, Work
from services.registration.imports import beside, reading, refusals, rejected
from services.registration.imports.households import Households
from services.registration.imports.reading import Told
from services.registration.imports.senders import Sender, sender_of
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
DRY_RUN, MAPPING, SHEET = "dry_run", "mapping", "sheet"
ROWS_A_STEP, ROWS_A_STEP_OF_SQLITE = 1000, 100
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""
PATIENCE_SECONDS = 10.0

Take = Callable[[AsyncSession, JobColumns, Sequence[Told]], Awaitable[list[Outcome]]]


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
    content, sheet = work.payload, work.job.options.get(SHEET)
    lost = await _go_through(work, content, mapping)
    async with work.database.read() as session:
        reasons = await rejected.reasons_of(session, work.job.id)
    work.left_over = await asyncio.to_thread(
        rejected.file_of,
        reading.rows_in(content, mapping, sheet),
        reasons,
        workbook=sheets.is_workbook(content),
    )
    if lost:
        raise lost
    said = []
    if work.job.options.get(DRY_RUN):
        said.append("A dry run: this is what would come of it, and nobody was registered.")
    if not_read := await asyncio.to_thread(reading.not_read, content, mapping, sheet):
        said.append(f"One sheet was read. These were not: {', '.join(not_read)}.")
    work.detail = " ".join(said) or None


async def _go_through(work: Work, content: bytes, mapping: MappingIn | None) -> Problem | None:
    """Take each step that is left; return why not all were taken, where the sender lost a right."""
    households = Households()
    sheet = work.job.options.get(SHEET)
    rows = reading.rows_in(content, mapping, sheet)
    earlier = await _gone_through_before(work, rows, mapping, households)
    take = _foreseen(earlier) if work.job.options.get(DRY_RUN) else _registered
    # A file may have a wrong code in each step: only the first ones are worth a wait.
    news_by = monotonic() + PATIENCE_SECONDS
    async with (
        _reading(work, content, rows, mapping) as next_step,
        aclosing(reading.ahead(work, next_step)) as steps,
    ):
        async for told in steps:
            try:
                sender = await sender_of(work)
            except Problem as problem:
                return problem
            await _import_step(work, told, take, mapping, sender, news_by, households)
    return None


@asynccontextmanager
async def _reading(
    work: Work, content: bytes, rows: Iterator[Row], mapping: MappingIn | None
) -> AsyncIterator[reading.NextStep]:
    """Yield what reads the rows that are left, step by step, here or in a process beside."""
    most = ROWS_A_STEP_OF_SQLITE if work.database.is_sqlite else ROWS_A_STEP
    if work.job.options.get(DRY_RUN):
        yield partial(reading.read, rows, most, mapping)
    elif beside.pays(work):
        by, sheet = reading.by(work.job), work.job.options.get(SHEET)
        order = beside.Order(content, mapping, work.job.position, most, by, sheet)
        async with beside.making(work.database, order) as next_step:
            yield next_step
    else:
        make = reading.making_for(work.database, reading.by(work.job))
        yield partial(reading.read, rows, most, mapping, make)


async def _gone_through_before(
    work: Work, rows: Iterator[Row], mapping: MappingIn | None, households: Households
) -> dict[str, str]:
    """
    Go through the rows that were taken before the import was cut off; return who was in them.

    What is said of a row rests on those before it, so an import that was cut off says what another
    one does. What is returned is what each person's first row said, which a dry run alone needs.
    """
    earlier: dict[str, str] = {}
    left = work.job.position
    if not left:
        return earlier
    async with work.database.read() as session:
        refused = await rejected.reasons_of(session, work.job.id)
    dry_run = bool(work.job.options.get(DRY_RUN))

    def go_through(number: int) -> None:
        for each in reading.read(rows, number, mapping):
            if isinstance(each.form, PersonIn) and each.row.line not in refused:
                households.note(each.row.line, each.form, each.born)
                if dry_run:
                    said = fingerprint(each.form.canonical())
                    earlier.setdefault(each.form.external_id, said)

    while left > 0:
        await asyncio.to_thread(go_through, min(left, ROWS_A_STEP))
        left -= ROWS_A_STEP
        await work.hold()
    return earlier


async def _mapping_of(work: Work) -> MappingIn | None:
    if MAPPING not in work.job.options:
        return None
    mapping_id, version = work.job.options[MAPPING]
    async with work.database.read() as session:
        return await mappings.version(session, UUID(mapping_id), version)


async def _import_step(
    work: Work,
    told: Sequence[Told],
    take: Take,
    mapping: MappingIn | None,
    sender: Sender,
    news_by: float,
    households: Households,
) -> None:
    forms = [each.form for each in told if isinstance(each.form, PersonIn)]
    pcodes = {form.location_pcode for form in forms}
    nowhere = await GAZETTEER.unknown(work.database, pcodes, max(0.0, news_by - monotonic()))
    async with work.step(work.job.position + len(told)) as (session, tally):
        await plan_anew(session)
        numbers = [form.external_id for form in forms]
        erased = await persons.erased_external_ids(session, work.job.organisation, numbers)
        events = {form.registration_event_id for form in forms if form.registration_event_id}
        unknown = events - await occasions.within_reach(session, events, sender.access)
        refusals = [_refusal(each, nowhere, erased, unknown, sender) for each in told]
        taken = [each for each, refusal in zip(told, refusals, strict=True) if not refusal]
        outcomes = iter(await take(session, work.job, taken))
        for each, refusal in zip(told, refusals, strict=True):
            if refusal:
                _reject(tally, refusal)
            else:
                _count(tally, each, next(outcomes), households)
        if work.job.position + len(told) >= work.job.total:
            for remark in await households.at_the_end(session, work.job.organisation):
                tally.warn(remark)
        if mapping:
            _say_by_column(tally, mapping)


def _say_by_column(tally: Tally, mapping: MappingIn) -> None:
    """Name in each remark the column of the file, which is what can be corrected."""
    for _, remark in tally.remarks:
        remark.column = mapping_rules.column_of(mapping, remark.column or "")


def _refusal(
    told: Told,
    nowhere: Collection[str],
    erased: Collection[str],
    no_events: Collection[UUID],
    sender: Sender,
) -> list[Remark]:
    """Return why a row is not taken, as far as that is known before anybody is registered."""
    row, form = told.row, told.form
    if not isinstance(form, PersonIn):
        return form
    if form.location_pcode in nowhere:
        return [refusals.unknown_place(row)]
    if not lies_below(form.location_pcode, sender.places):
        return [refusals.elsewhere(row)]
    if form.disability and not sender.needs:
        return [refusals.not_theirs_to_tell(row)]
    if form.registration_event_id in no_events:
        return [refusals.unknown_event(row)]
    return [refusals.was_erased(row)] if form.external_id in erased else []


async def _registered(
    session: AsyncSession, job: JobColumns, told: Sequence[Told]
) -> list[Outcome]:
    made = [each.made for each in told if each.made]
    # What belongs to the rows is written at once at the end, and not after each of them.
    with session.no_autoflush:
        done = await registering.register_made(session, made, reading.by(job))
    return [outcome for _, outcome in done]


def _foreseen(earlier: dict[str, str]) -> Take:
    """Return what says of forms what would come of them after the rows that were gone through."""

    async def take(session: AsyncSession, job: JobColumns, told: Sequence[Told]) -> list[Outcome]:
        forms = [each.form for each in told if isinstance(each.form, PersonIn)]
        foreseen = await registering.foresee_all(session, forms, job.organisation)

        def outcome(form: PersonIn, alone: Outcome) -> Outcome:
            said = fingerprint(form.canonical())
            if form.external_id not in earlier:
                earlier[form.external_id] = said
                return alone
            return "unchanged" if earlier[form.external_id] == said else "different"

        return list(map(outcome, forms, foreseen))

    return take


def _count(tally: Tally, told: Told, outcome: Outcome, households: Households) -> None:
    if outcome == "different":
        tally.reject(refusals.other_content(told.row))
        return
    odd = (
        [] if isinstance(told.form, list) else households.note(told.row.line, told.form, told.born)
    )
    for remark in [*told.warnings, *odd]:
        tally.warn(remark)
    tally.accepted += outcome == "created"
    tally.unchanged += outcome == "unchanged"


def _reject(tally: Tally, remarks: list[Remark]) -> None:
    # A row is rejected once, however many things are wrong with it.
    tally.reject(remarks[0])
    tally.remarks += [(True, remark) for remark in remarks[1:]]
