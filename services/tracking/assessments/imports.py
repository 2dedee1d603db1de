"""Files of submissions: read by a mapping at the door, then kept row by row as a job."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import sheets
from chassis.clock import today
from chassis.jobs import Remark, Tally, Work
from chassis.problems import Fault, Problem
from chassis.uploads import Row, Upload, rows_of
from services.tracking.assessments import service
from services.tracking.assessments.mappings import AnswerFrom, Reader, Told
from services.tracking.assessments.models import Submission
from services.tracking.places import service as places
from services.tracking.places.models import Place
from services.tracking.places.spelling import likeness
from services.tracking.triangulation import service as triangulation

KIND = "import_submissions"
ROWS_A_STEP = 200
SURELY_LIKE, PROBABLY_LIKE = 0.97, 0.85


class File(NamedTuple):
    """A file as it was sent: its columns, and its rows below them."""

    head: list[str]
    rows: list[Row]


def read(upload: Upload, reader: Reader) -> File:
    """Return the rows of a file; 422 `table-header` when a column of its place is missing."""
    (number, names), *body = sheets.table(upload) or [(1, [])]
    head = _told_apart([name.strip() for name in names], reader)
    rows = rows_of([(number, head), *body], [], head)
    wanted = reader.mapping
    told = (
        wanted.pcode_column,
        wanted.name_column,
        wanted.external_id_column,
        wanted.round_column,
        wanted.day_column,
        *(each.column for each in wanted.answers),
    )
    if missing := [name for name in told if name and name not in head]:
        faults = [
            Fault(pointer="line/1", code="column_missing", detail=f"The column {name} is missing.")
            for name in missing
        ]
        raise Problem(422, "table-header", "The file is not as mapped.", errors=faults)
    if not reader.columns(head):
        raise Problem(422, "table-header", "No column answers a question of the set.")
    return File(head, rows)


def _told_apart(head: Sequence[str], reader: Reader) -> list[str]:
    """Return a header in which a column that nothing is read from does not bear a name twice."""
    told = reader.mapping.model_dump(exclude={"answers"}).values()
    used = {*told_names(told), *(each.column for each in reader.columns(head))}
    seen: Counter[str] = Counter()
    found = []
    for name in head:
        seen[name] += 1
        twice = name and seen[name] > 1 and name not in used
        found.append(f"{name} ({seen[name]})" if twice else name)
    return found


def told_names(values: Iterable[object]) -> Iterable[str]:
    return (each for each in values if isinstance(each, str))


def pack(file: File) -> bytes:
    return json.dumps([file.head, [[row.line, row.cells] for row in file.rows]]).encode()


async def import_submissions(work: Work) -> None:
    """Keep each row as a submission; a step is a transaction, so a resumed job repeats none."""
    head, told = json.loads(work.payload)
    rows = [Row(*row) for row in told]
    mapping_id = UUID(str(work.job.options["mapping_id"]))
    while work.job.position < len(rows):
        step = rows[work.job.position : work.job.position + ROWS_A_STEP]
        async with work.step(work.job.position + len(step)) as (session, tally):
            if work.job.position == 0:
                await _warn_of_columns(session, mapping_id, head, tally)
            await _keep(session, work, mapping_id, head, step, tally)


async def _warn_of_columns(
    session: AsyncSession, mapping_id: UUID, head: Sequence[str], tally: Tally
) -> None:
    _, reader = await service.reader_of(session, mapping_id)
    read_from = {each.column for each in reader.columns(head)}
    read_from |= {
        name
        for name in reader.mapping.model_dump(include={"pcode_column", "name_column"}).values()
        if name
    }
    if left := len(set(head) - read_from):
        detail = f"{left} columns answer no question of the mapping and were left out."
        tally.warn(Remark(row=1, code="columns_left_out", detail=detail))


async def _keep(
    session: AsyncSession,
    work: Work,
    mapping_id: UUID,
    head: Sequence[str],
    step: Sequence[Row],
    tally: Tally,
) -> None:
    found, reader = await service.reader_of(session, mapping_id)
    columns: list[AnswerFrom] = reader.columns(head)
    gazetteer = await _gazetteer(session, reader)
    for row in step:
        told = reader.read(row, columns)
        if isinstance(told, Remark):
            tally.reject(told)
            continue
        placed = _placed(told, reader, gazetteer, tally)
        if isinstance(placed, Remark):
            tally.reject(placed)
            continue
        submission = Submission(
            question_set_id=found.id,
            external_id=told.external_id,
            round_number=told.round_number,
            place_pcode=placed,
            place_told=None if placed else (told.pcode or told.place_name)[:200],
            collected_on=told.collected_on,
            answers=told.answers,
            organisation=work.job.organisation,
            created_by=work.job.created_by,
        )
        try:
            kept, new = await service.keep(session, submission)
        except Problem as problem:
            tally.reject(Remark(row=row.line, code=problem.slug, detail=problem.detail))
            continue
        if new:
            await triangulation.take_answers(session, kept, list(reader.asked.values()))
        tally.accepted += new
        tally.unchanged += not new


async def _gazetteer(session: AsyncSession, reader: Reader) -> dict[str, Place]:
    """Return the places that rows may be about, by p-code; none where they are not ours."""
    if reader.mapping.places == "as_told":
        return {}
    found = await places.find(session, parent=None, level=None, on=today())
    ended = select(Place).where(col(Place.valid_until).is_not(None))
    return {place.pcode: place for place in [*found, *(await session.exec(ended)).all()]}


def _placed(
    told: Told, reader: Reader, gazetteer: dict[str, Place], tally: Tally
) -> str | Remark | None:
    """Return the p-code of a row's place; None where places are kept as they are told."""
    mapping = reader.mapping
    if not (told.pcode or told.place_name):
        return Remark(row=told.row, code="place_missing", detail="The row names no place.")
    if mapping.places == "as_told":
        return None
    if not told.pcode:
        return _by_name(told, (mapping.name_column or "")[:80], gazetteer, tally)
    if told.pcode in gazetteer:
        return told.pcode
    column, detail = (mapping.pcode_column or "")[:80], "No place has this p-code."
    return Remark(row=told.row, column=column, code="unknown_place", detail=detail)


def _by_name(told: Told, column: str, gazetteer: dict[str, Place], tally: Tally) -> str | Remark:
    """Return the one place that a name means; a spelling that is not its own is told."""
    ranked = sorted(
        (
            (max(likeness(told.place_name, name) for name in (place.name_en, place.name_ar)), code)
            for code, place in gazetteer.items()
        ),
        reverse=True,
    )[:2]
    if not ranked or ranked[0][0] < PROBABLY_LIKE:
        detail = "No place has a name like this."
        return Remark(row=told.row, column=column, code="unknown_place", detail=detail)
    like, pcode = ranked[0]
    if len(ranked) > 1 and ranked[1][0] >= min(like, SURELY_LIKE):
        detail = "Several places have this name; give the p-code."
        return Remark(row=told.row, column=column, code="several_places", detail=detail)
    if like < SURELY_LIKE:
        detail = f"Read as {pcode}, whose name is spelt nearly so."
        tally.warn(Remark(row=told.row, column=column, code="place_by_name", detail=detail))
    return pcode
