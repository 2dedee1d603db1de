"""Published tables that come in as files: checked at the door, then kept row by row as a job."""

import json

from chassis.clock import newest_day
from chassis.jobs import Remark
from chassis.tabular import Row
from chassis.uploads import Upload
from chassis.worker import Work
from services.tracking.detections import service as detections
from services.tracking.formats import hidden
from services.tracking.series import rules, service

KIND = "import_series"
ROWS_A_STEP = 250


def pack(upload: Upload) -> tuple[bytes, int]:
    rows = rules.read_series(upload)
    return json.dumps([[row.line, row.cells] for row in rows]).encode(), len(rows)


async def import_series(work: Work) -> None:
    """Keep the figures of each row, all or none of them."""
    rows = [Row(*row) for row in json.loads(work.payload)]
    while work.job.position < len(rows):
        step = rows[work.job.position : work.job.position + ROWS_A_STEP]
        async with work.step(work.job.position + len(step)) as (session, tally):
            if work.job.position == 0:
                hidden.warn(work.job.options, tally)
            book = await service.Book.open(session, step)
            for row in step:
                try:
                    new, warnings = book.take(rules.told(row, newest_day()))
                except rules.RowError as error:
                    tally.reject(error.remark(row.line))
                    continue
                tally.accepted += new
                tally.unchanged += not new
                for code, detail in warnings:
                    tally.warn(Remark(row=row.line, code=code, detail=detail))
            if step[-1] is rows[-1]:
                await detections.look_at_last(session)
