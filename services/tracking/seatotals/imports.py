"""Published tables that come in as files: checked at the door, then kept row by row as a job."""

import json

from chassis import sheets
from chassis.jobs import Remark
from chassis.problems import Problem
from chassis.tabular import Row, rows_of
from chassis.uploads import Upload
from chassis.worker import Work
from services.tracking.formats import hidden
from services.tracking.seatotals import rules, service

KIND = "import_sea_totals"


def pack(upload: Upload) -> tuple[bytes, int]:
    """Return a table as the input of a job, and how many rows it has."""
    rows = rows_of(sheets.table(upload), rules.REQUIRED, rules.OPTIONAL)
    return json.dumps([[row.line, row.cells] for row in rows]).encode(), len(rows)


async def import_totals(work: Work) -> None:
    """Keep each row in a transaction of its own, so that a resumed job repeats none."""
    rows = [Row(*row) for row in json.loads(work.payload)]
    while work.job.position < len(rows):
        row = rows[work.job.position]
        async with work.step(work.job.position + 1) as (session, tally):
            if work.job.position == 0:
                hidden.warn(work.job.options, tally)
            told = rules.totals(row)
            if isinstance(told, Remark):
                tally.reject(told)
                continue
            try:
                kept = [await service.keep(session, form, work.job.created_by) for form in told]
            except Problem as problem:
                detail = problem.errors[0].detail
                remark = Remark(row=row.line, column="reason", code=problem.slug, detail=detail)
                tally.reject(remark)
                continue
            is_new = any(new for _, new in kept)
            tally.accepted += is_new
            tally.unchanged += not is_new
