"""Gazetteers that come in as files: checked at the door, then kept row by row as a job."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.jobs import Remark
from chassis.tabular import Row
from chassis.uploads import Upload
from chassis.worker import Tally, Work
from services.tracking.formats import hidden
from services.tracking.places import gazetteers, rules, service, shapes
from services.tracking.places.gazetteers import Gazetteer
from services.tracking.places.rules import Named
from services.tracking.places.shapes import Shape

KIND = "import_places"
ROWS_A_STEP = 250
MOST_LEFT = 50


class Told(NamedTuple):
    """A row of a gazetteer, the shape that came with it, and why it cannot be kept, if known."""

    gazetteer: Gazetteer
    row: Row
    refused: Remark | None

    def reject(self, tally: Tally, remark: Remark) -> None:
        told = {"sheet": self.gazetteer.name[:80], "column": self._as_told(remark.column)}
        tally.reject(remark.model_copy(update=told))

    def _as_told(self, column: str | None) -> str | None:
        """Return a column as a list of places and of those above them calls it."""
        listed = self.gazetteer.sparse and not self.gazetteer.shapes
        own, above = (gazetteers.columns(self.gazetteer.level - each)[0] for each in (0, 1))
        return {own: "pcode", above: "parent_pcode"}.get(column or "", column) if listed else column

    def warn(self, tally: Tally, code: str, detail: str) -> None:
        sheet = self.gazetteer.name[:80]
        tally.warn(Remark(sheet=sheet, row=self.row.line, code=code, detail=detail))


Left = list[tuple[str, str]]
"""The columns of which nothing is kept, each with the file that has it."""


def pack(uploads: Sequence[Upload]) -> tuple[bytes, int, Left]:
    """Return several gazetteers as the input of one job, smallest level first, and their rows."""
    found = [each for upload in uploads for each in gazetteers.read(upload)]
    read = sorted(found, key=lambda each: (each.level, each.name))
    files = [
        (
            each.level,
            each.name,
            [[row.line, row.cells, each.shapes.get(row.line)] for row in each.rows],
            "shapes" if each.shapes else "sparse" if each.sparse else "",
        )
        for each in read
    ]
    left = [(each.name[:80], column[:80]) for each in read for column in each.left]
    return json.dumps(files).encode(), sum(len(each.rows) for each in read), left[:MOST_LEFT]


def _unpacked(payload: bytes) -> list[Told]:
    told: list[Told] = []
    for level, name, rows, kind in json.loads(payload):
        geometries: dict[int, Any] = {line: geometry for line, _, geometry in rows}
        gazetteer = Gazetteer(
            name,
            level,
            [Row(line, cells) for line, cells, _ in rows],
            geometries if kind in {"shapes", True} else {},
            sparse=bool(kind),
        )
        twice = rules.twice(gazetteer)
        told += [Told(gazetteer, row, twice.get(row.line)) for row in gazetteer.rows]
    return told


async def import_places(work: Work) -> None:
    """Keep each place of each row; a step is a transaction, so a resumed job repeats none."""
    rows = _unpacked(work.payload)
    while work.job.position < len(rows):
        step = rows[work.job.position : work.job.position + ROWS_A_STEP]
        async with work.step(work.job.position + len(step)) as (session, tally):
            if work.job.position == 0:
                hidden.warn(work.job.options, tally)
                _warn_of_columns(work.job.options.get("left", []), tally)
            read = [_read(each, tally) for each in step]
            found = await _with_parents(session, step, read, tally)
            changed = await service.keep(session, [one for several in found for one in several])
            for several in found:
                if several:
                    # A row made something when any place of it was new, its own or one above.
                    new = changed.intersection(place.pcode for place in several)
                    changed -= new
                    tally.accepted += bool(new)
                    tally.unchanged += not new


def _warn_of_columns(left: Left, tally: Tally) -> None:
    detail = "Nothing of this column is kept; it was left out."
    for file, column in left:
        tally.warn(Remark(sheet=file, row=1, column=column, code="column_left_out", detail=detail))


def _read(told: Told, tally: Tally) -> list[Named]:
    """Return the places of a row, the largest first; none when it is rejected."""
    if told.refused:
        told.reject(tally, told.refused)
        return []
    shape: Shape | None = None
    if told.gazetteer.shapes:
        try:
            shape = shapes.checked(told.gazetteer.shapes[told.row.line])
        except ValueError as error:
            remark = Remark(row=told.row.line, column="geometry", code="shape", detail=str(error))
            told.reject(tally, remark)
            return []
    found: list[Named] = []
    for each in rules.places(told.row, told.gazetteer.level, shape, sparse=told.gazetteer.sparse):
        if isinstance(each, Remark):
            told.reject(tally, each)
            return []
        found.append(each)
    _warn(told, found, tally)
    return found


def _warn(told: Told, found: Sequence[Named], tally: Tally) -> None:
    if not told.gazetteer.sparse and not all(place.name_en and place.name_ar for place in found):
        detail = "A place above has no name here; the name it has elsewhere stays."
        told.warn(tally, "name_missing", detail)
    if any("_x000D_" in cell for cell in told.row.cells.values()):
        detail = "A spreadsheet's escape for a line end was taken out of a name."
        told.warn(tally, "escape", detail)


async def _with_parents(
    session: AsyncSession, step: Sequence[Told], read: Sequence[list[Named]], tally: Tally
) -> list[list[Named]]:
    """Reject a row whose place lies in none that is known, or is new and has no name."""
    known = await service.known(
        session,
        {
            pcode
            for several in read
            for each in several
            for pcode in (each.pcode, each.parent_pcode)
        },
    )
    named = {each.pcode for several in read for each in several if each.name_en or each.name_ar}
    found: list[list[Named]] = []
    for told, several in zip(step, read, strict=True):
        wrong = next(
            filter(None, (_homeless(each, several[-1], known | named) for each in several)), None
        )
        if wrong:
            told.reject(tally, Remark(row=told.row.line, code=wrong[0], detail=wrong[1]))
        found.append([] if wrong else several)
    return found


def _homeless(place: Named, own: Named, known: set[str]) -> tuple[str, str] | None:
    """Return what is wrong with a place of a row, of which `own` is the smallest."""
    if place.parent_pcode and place.parent_pcode not in known:
        return "parent", "The place that it lies in is not known."
    if place.pcode in known:
        return None
    if place is own:
        return "name", "The place is new and has no name."
    return "parent", "The place that it lies in is new and has no name."
