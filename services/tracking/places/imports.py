"""Gazetteers that come in as files: checked at the door, then kept row by row as a job."""

import json
from collections.abc import Sequence

from chassis.jobs import Remark, Tally, Work
from chassis.uploads import Row, Upload
from services.tracking.places import rules, service

KIND = "import_places"
ROWS_A_STEP = 250


def pack(uploads: Sequence[Upload]) -> tuple[bytes, int]:
    """Return several gazetteers as the input of one job, smallest level first, and their rows."""
    files = sorted(
        (level, upload.name, [[row.line, row.cells] for row in rows])
        for upload in uploads
        for level, rows in [rules.read_gazetteer(upload)]
    )
    return json.dumps(files).encode(), sum(len(rows) for _, _, rows in files)


async def import_places(work: Work) -> None:
    """Keep each place of each row; a step is a transaction, so a resumed job repeats none."""
    rows = [
        (level, name, Row(*row)) for level, name, rows in json.loads(work.payload) for row in rows
    ]
    while work.job.position < len(rows):
        step = rows[work.job.position : work.job.position + ROWS_A_STEP]
        async with work.step(work.job.position + len(step)) as (session, tally):
            told = [_told(row, level, name, tally) for level, name, row in step]
            found = [place for places in told if places for place in places]
            changed = await service.keep(session, found)
            for places in told:
                if places:
                    # A row made something when any place of it was new, its own or one above.
                    new = changed.intersection(place.pcode for place in places)
                    changed -= new
                    tally.accepted += bool(new)
                    tally.unchanged += not new


def _told(row: Row, level: int, name: str, tally: Tally) -> list[rules.Named] | None:
    places: list[rules.Named] = []
    for each in rules.places(row, level):
        if isinstance(each, Remark):
            tally.reject(each.model_copy(update={"sheet": name[:80]}))
            return None
        places.append(each)
    if not all(place.name_en and place.name_ar for place in places):
        detail = "A place above has no name here; the name it has elsewhere stays."
        tally.warn(Remark(sheet=name[:80], row=row.line, code="name_missing", detail=detail))
    if any("_x000D_" in cell for cell in row.cells.values()):
        detail = "A spreadsheet's escape for a line end was taken out of a name."
        tally.warn(Remark(sheet=name[:80], row=row.line, code="escape", detail=detail))
    return places
