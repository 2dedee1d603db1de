"""Registers that come in as files: checked at the door, then registered row by row as a job."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import sheets
from chassis.authz import Access, lies_below
from chassis.jobs import Remark, Tally, Work, remarks_of
from chassis.tables import JobColumns
from chassis.uploads import Row, Upload, decode, read_table, rows_of
from services.registration.imports import rules
from services.registration.persons import registering
from services.registration.persons import service as persons
from services.registration.persons.models import PersonIn
from services.registration.persons.registering import Outcome
from services.registration.places import service as places

KIND = "import_persons"
DRY_RUN = "dry_run"
ROWS_A_STEP = 100
PATIENCE_SECONDS = 10.0

Take = Callable[[AsyncSession, JobColumns, Sequence[PersonIn]], Awaitable[list[Outcome]]]


def read(upload: Upload) -> tuple[list[Row], bytes]:
    """
    Return the rows of a register in CSV or XLSX, and its content as a job keeps it.

    The problem with the file as a whole is raised.
    """
    if sheets.is_workbook(upload.content):
        rows = rows_of(sheets.lines(upload.content), rules.REQUIRED, rules.OPTIONAL)
        return rows, upload.content
    text = decode(upload)
    return read_table(text, rules.REQUIRED, rules.OPTIONAL), text.encode()


def on_behalf_of(access: Access) -> dict[str, Any]:
    """Return what the job must know of who asked for it, as it stood then."""
    grants = [each.grant for each in access.allowances("person", "C")]
    return {
        "places": sorted({place for grant in grants for place in grant.places}),
        "case_owner": persons.owner(access.caller),
    }


async def import_persons(work: Work) -> None:
    """Register each row, or say why not; a step is a transaction, so a resumed job repeats none."""
    rows, _ = await asyncio.to_thread(read, Upload("register", work.payload))
    take = _foreseen(rows[: work.job.position]) if work.job.options.get(DRY_RUN) else _registered
    while work.job.position < len(rows):
        start = work.job.position
        await _import_step(work, rows[start : start + ROWS_A_STEP], take)
    if work.job.options.get(DRY_RUN):
        work.detail = "A dry run: this is what would come of it, and nobody was registered."
    async with work.database.read() as session:
        remarks = await remarks_of(session, work.job.id, rejected=True)
    work.left_over = rules.file_of_rejected(rows, remarks)


async def _import_step(work: Work, rows: Sequence[Row], take: Take) -> None:
    forms = [(row, rules.read_person(row)) for row in rows]
    pcodes = {form.location_pcode for _, form in forms if isinstance(form, PersonIn)}
    nowhere = await places.unknown(work.database, pcodes, PATIENCE_SECONDS)
    async with work.step(work.job.position + len(rows)) as (session, tally):
        numbers = [form.external_id for _, form in forms if isinstance(form, PersonIn)]
        erased = await persons.erased_external_ids(session, work.job.organisation, numbers)
        refusals = {
            row.line: _refusal(row, form, nowhere, erased, work.job.options["places"])
            for row, form in forms
        }
        taken = [
            form for row, form in forms if isinstance(form, PersonIn) and not refusals[row.line]
        ]
        outcomes = iter(await take(session, work.job, taken))
        for row, _ in forms:
            if refusal := refusals[row.line]:
                _reject(tally, refusal)
            else:
                _count(tally, row, next(outcomes))


def _refusal(
    row: Row,
    form: PersonIn | list[Remark],
    nowhere: Collection[str],
    erased: Collection[str],
    within: Collection[str],
) -> list[Remark]:
    """Return why a row is not taken, as far as that is known before anybody is registered."""
    if not isinstance(form, PersonIn):
        return form
    if form.location_pcode in nowhere:
        return [rules.unknown_place(row)]
    if not lies_below(form.location_pcode, within):
        return [rules.elsewhere(row)]
    return [rules.was_erased(row)] if form.external_id in erased else []


async def _registered(
    session: AsyncSession, job: JobColumns, forms: Sequence[PersonIn]
) -> list[Outcome]:
    # What belongs to the rows is written at once at the end, and not after each of them.
    with session.no_autoflush:
        done = await registering.register_all(
            session,
            forms,
            organisation=job.organisation,
            by=job.created_by,
            case_owner=job.options["case_owner"],
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
        session: AsyncSession, job: JobColumns, forms: Sequence[PersonIn]
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
