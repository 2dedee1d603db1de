"""Files of submissions: read by a mapping at the door, then kept row by row as a job."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.rows import insert_all_new
from chassis.tabular import Row, rows_of
from chassis.uploads import Upload
from chassis.worker import Tally, Work
from services.tracking.assessments import placing, service, tables
from services.tracking.assessments.mappings import AnswerFrom, Reader, Told
from services.tracking.assessments.models import QuestionSet, Submission
from services.tracking.triangulation import service as triangulation

KIND = "import_submissions"
ROWS_A_STEP = 200
MOST_NAMED = 400
"""So many letters of the names of columns are told."""


class File(NamedTuple):
    """A file as it was sent: its columns, its rows below them, and what is to be said of it."""

    head: list[str]
    rows: list[Row]
    remarks: list[Remark]


class Sent(NamedTuple):
    """A row, how many before it are about the same place and day, and which has its id."""

    row: Row
    alike: int
    same: int | None


def read(upload: Upload, reader: Reader) -> File:
    """Return the rows of a file; 422 `table-header` when a column of its place is missing."""
    answers = [each.column for each in reader.mapping.answers]
    wanted = {*reader.mapping.columns(), *answers}
    found = tables.find(upload, wanted, reader.mapping.decimal_mark)
    head = _told_apart(found.head, reader)
    rows = rows_of([(found.line, head), *found.body], [], others=True)
    if missing := [name for name in wanted if name not in head]:
        faults = [
            Fault(pointer="line/1", code="column_missing", detail=f"The column {name} is missing.")
            for name in sorted(missing)
        ]
        raise Problem(422, "table-header", "The file is not as mapped.", errors=faults)
    if not reader.columns(head):
        raise Problem(422, "table-header", "No column answers a question of the set.")
    return File(head, rows, [*found.remarks, *_of_columns(head, reader), *_of_rows(rows, reader)])


def _told_apart(head: Sequence[str], reader: Reader) -> list[str]:
    """Return a header in which a column that nothing is read from does not bear a name twice."""
    used = {*reader.mapping.columns(), *(each.column for each in reader.columns(head))}
    seen: Counter[str] = Counter()
    found = []
    for name in head:
        seen[name] += 1
        twice = name and seen[name] > 1 and name not in used
        found.append(f"{name} ({seen[name]})" if twice else name)
    return found


def _of_columns(head: Sequence[str], reader: Reader) -> list[Remark]:
    read_from = {*reader.mapping.columns(), *(each.column for each in reader.columns(head))}
    left = [name for name in dict.fromkeys(head) if name and name not in read_from]
    if not left:
        return []
    named = ", ".join(left)
    named = f"{named[:MOST_NAMED]}…" if len(named) > MOST_NAMED else named
    detail = f"{len(left)} columns answer no question of the mapping and were left out: {named}"
    return [Remark(row=1, code="columns_left_out", detail=detail)]


def _of_rows(rows: Sequence[Row], reader: Reader) -> list[Remark]:
    alike = [line for line, before in _alike(rows, reader).items() if before]
    if not alike:
        return []
    detail = (
        f"{len(alike)} rows are about a place and day that a row before is about, first here; "
        "each is kept. A column of ids (`external_id_column`) would tell them apart for good."
    )
    return [Remark(row=alike[0], code="rows_alike", detail=detail)]


def _alike(rows: Sequence[Row], reader: Reader) -> dict[int, int]:
    """Return by line of how many rows before it the place, round and day are the same."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = {}
    for row in rows:
        about = reader.about(row)
        found[row.line] = 0 if reader.identity(row) else seen[about]
        seen[about] += 1
    return found


def _twice(rows: Sequence[Row], reader: Reader) -> dict[int, int]:
    """Return by line which rows have the id of a row before, and the line of that."""
    first: dict[str, int] = {}
    return {
        row.line: before
        for row in rows
        if (own := reader.identity(row)) and (before := first.setdefault(own, row.line)) != row.line
    }


def pack(file: File, reader: Reader) -> bytes:
    alike, twice = _alike(file.rows, reader), _twice(file.rows, reader)
    rows = [[row.line, row.cells, alike[row.line], twice.get(row.line)] for row in file.rows]
    return json.dumps([file.head, rows, [each.model_dump() for each in file.remarks]]).encode()


async def import_submissions(work: Work) -> None:
    """Keep each row as a submission; a step is a transaction, so a resumed job repeats none."""
    head, told, *remarks = json.loads(work.payload)
    # Files that waited through an upgrade say nothing yet of rows that are alike.
    rows = [Sent(Row(line, cells), *(more or (0, None))) for line, cells, *more in told]
    mapping_id = UUID(str(work.job.options["mapping_id"]))
    while work.job.position < len(rows):
        step = rows[work.job.position : work.job.position + ROWS_A_STEP]
        async with work.step(work.job.position + len(step)) as (session, tally):
            if work.job.position == 0:
                for remark in remarks[0] if remarks else []:
                    tally.warn(Remark.model_validate(remark))
            questions, reader = await service.reader_of(session, mapping_id)
            await Intake(work, questions, reader, tally).keep(session, head, step)


class Intake:
    """Takes the rows of one step in: each is kept or refused, and what is left out is told."""

    def __init__(self, work: Work, questions: QuestionSet, reader: Reader, tally: Tally) -> None:
        self._work, self._questions = work, questions
        self._reader, self._tally = reader, tally

    async def keep(self, session: AsyncSession, head: Sequence[str], step: Sequence[Sent]) -> None:
        columns: list[AnswerFrom] = self._reader.columns(head)
        gazetteer = await placing.gazetteer_of(session, self._reader)
        submissions: list[tuple[Told, Submission]] = []
        for row, alike, same in step:
            if same:
                detail = f"The row {same} has this id too."
                self._tally.reject(Remark(row=row.line, code="twice", detail=detail))
                continue
            told = self._reader.read(row, columns, alike)
            if isinstance(told, Remark):
                self._tally.reject(told)
                continue
            place = placing.placed(told, self._reader.mapping, gazetteer, self._tally)
            if isinstance(place, Remark):
                self._tally.reject(place)
                continue
            submissions.append((told, self._submission(told, place)))
        left_out = await self._take(session, submissions)
        for remark in _once_a_column(left_out):
            self._tally.warn(remark)

    def _submission(self, told: Told, place: str | None) -> Submission:
        return Submission(
            question_set_id=self._questions.id,
            external_id=told.external_id,
            round_number=told.round_number,
            place_pcode=place,
            place_told=None if place else placing.as_told(told),
            collected_on=told.collected_on,
            answers=told.answers,
            organisation=self._work.job.organisation,
            created_by=self._work.job.created_by,
        )

    async def _take(
        self, session: AsyncSession, submissions: Sequence[tuple[Told, Submission]]
    ) -> list[Remark]:
        """Keep submissions, the new ones in one statement; return what was left out of them."""
        new = await insert_all_new(session, [submission for _, submission in submissions])
        taken: dict[UUID, Submission] = {}
        left_out: list[Remark] = []
        for told, submission in submissions:
            kept, changed = submission, submission.id in new
            try:
                if not changed:
                    kept, changed = await service.keep(session, submission)
            except Problem as problem:
                remark = Remark(row=told.row, code=problem.slug, detail=problem.detail)
                self._tally.reject(remark)
                continue
            if changed:
                taken[kept.id] = kept
            self._tally.accepted += changed
            self._tally.unchanged += not changed
            left_out += told.left_out
        await triangulation.take_answers(
            session, list(taken.values()), list(self._reader.asked.values())
        )
        return left_out


def _once_a_column(left_out: Sequence[Remark]) -> list[Remark]:
    """Return one warning for all answers of a column that were left out for the same reason."""
    times = Counter((each.column, each.code) for each in left_out)
    first = {(each.column, each.code): each for each in reversed(left_out)}
    return [
        each.model_copy(
            update={
                "code": f"left_out_{each.code}",
                "detail": f"{each.detail} Left out"
                + (
                    f" in {times[key]} rows, first here." if times[key] > 1 else "; the row stands."
                ),
            }
        )
        for key, each in first.items()
    ]
