"""Reads a round of DTM Libya from the workbook that is published, as it is."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from python_calamine import CalamineError, CalamineWorkbook

from chassis import archive
from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.sheets import refuse_unreckoned
from services.tracking.places.geography import point
from services.tracking.rounds import labels, layout

HEADERS_WITHIN = 10
MUHALLA = re.compile(r"LY\d{8}")
BALADIYA = re.compile(r"LY\d{6}")
MOST = 2_000_000_000

Cell = object


@dataclass(frozen=True)
class Counted:
    """One row of one sheet: whom it counts, where, and how many individuals."""

    sheet: str
    row: int
    pcode: str
    total: int
    groups: dict[str, dict[str, int]] = field(default_factory=dict)
    nationality: str | None = None


@dataclass
class Workbook:
    """
    A round as the workbook tells it.

    `names` are (English, Arabic) by p-code, `points` latitude and longitude.
    """

    number: int
    period: str | None
    baladiyas: list[Counted] = field(default_factory=list)
    muhallas: list[Counted] = field(default_factory=list)
    nationalities: list[Counted] = field(default_factory=list)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    warnings: list[Remark] = field(default_factory=list)

    @property
    def rows(self) -> list[Counted]:
        return [*self.baladiyas, *self.muhallas, *self.nationalities]


class Sheet:
    """A sheet with its header found: cells by column, and what is wrong with them."""

    def __init__(self, name: str, rows: Sequence[Sequence[Cell]], columns: Sequence[str]) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self._rows = rows
        self.header, self._at = _header(name, rows, columns)
        self.headers = [str(cell) for cell in rows[self.header - 1]]

    def body(self) -> list[tuple[int, Sequence[Cell]]]:
        """Return (row as a spreadsheet counts it, cells) of each row that has any."""
        return [
            (number, cells)
            for number, cells in enumerate(self._rows[self.header :], self.header + 1)
            if any(cell not in {"", None} for cell in cells)
        ]

    def text(self, cells: Sequence[Cell], column: str) -> str:
        at = self._at[layout.same_header(column)]
        value = cells[at] if at < len(cells) else ""
        cleaned = str(value).replace("_x000D_", " ")
        return " ".join("".join(c for c in cleaned if c.isprintable()).split())[:200]

    def count(self, row: int, cells: Sequence[Cell], column: str) -> int:
        """Return a count of people; an empty cell is none, and what is no count is a fault."""
        at = self._at[layout.same_header(column)]
        value = cells[at] if at < len(cells) else ""
        if value in {"", None}:
            return 0
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._fault(row, column, "not_a_count", "Not a number.")
        if value != value or not 0 <= value <= MOST or value != int(value):  # noqa: PLR0124 - NaN is not itself.
            return self._fault(row, column, "not_a_count", "Not a whole number of people.")
        return int(value)

    def pcode(self, row: int, cells: Sequence[Cell], column: str, form: re.Pattern[str]) -> str:
        code = self.text(cells, column)
        if not form.fullmatch(code):
            self._fault(row, column, "pcode", "Not a p-code of this level.")
            return ""
        return code

    def _fault(self, row: int, column: str, code: str, detail: str) -> int:
        where = f"{self.name}/row {row}/{column}"
        self.faults.append(Fault(pointer=where, code=code, detail=detail))
        return 0


def read(content: bytes) -> Workbook:
    """
    Read a workbook, or raise the problem of what it is.

    413 when it would unpack to too much; 422 `workbook-unreadable`, `workbook-sheets` (a sheet
    or a column is missing) or `workbook-cells` (each cell that is no count or no p-code).
    """
    archive.check(content)
    refuse_unreckoned(content)
    sheets = _open(content)
    baladiyas = Sheet(layout.BALADIYAS, *_wanted(sheets, layout.BALADIYAS))
    muhallas = Sheet(layout.MUHALLAS, *_wanted(sheets, layout.MUHALLAS))
    nationalities = Sheet(layout.NATIONALITIES, *_wanted(sheets, layout.NATIONALITIES))
    number = _round_number(baladiyas, muhallas)
    book = Workbook(number, _period(sheets.get(layout.SUMMARY, [])))
    _read_baladiyas(baladiyas, book)
    _read_muhallas(muhallas, book)
    _read_nationalities(nationalities, book)
    for sheet in (baladiyas, muhallas, nationalities):
        _warn_of_headers(sheet, book)
    faults = [*baladiyas.faults, *muhallas.faults, *nationalities.faults, *_twice(book)]
    if faults:
        detail = f"{len(faults)} cells hold no count or no p-code; correct them and send it again."
        raise Problem(422, "workbook-cells", detail, errors=faults)
    return book


def _open(content: bytes) -> dict[str, list[list[Cell]]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {
            name.strip(): [
                list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            ]
            for name in book.sheet_names
            if name.strip() in COLUMNS or name.strip() == layout.SUMMARY
        }
    except (CalamineError, OSError, ValueError, KeyError):
        raise archive.unreadable("The workbook cannot be opened.") from None


COLUMNS: dict[str, list[str]] = {
    layout.BALADIYAS: list(layout.BALADIYA_COLUMNS.values()),
    layout.MUHALLAS: [
        *layout.MUHALLA_COLUMNS.values(),
        *(header for group in layout.GROUPS.values() for header in group.values()),
    ],
    layout.NATIONALITIES: list(layout.NATIONALITY_COLUMNS.values()),
}


def _wanted(
    sheets: dict[str, list[list[Cell]]], name: str
) -> tuple[list[list[Cell]], Sequence[str]]:
    if name not in sheets:
        missing = [
            Fault(pointer=each, code="sheet_missing", detail=f"The sheet {each} is missing.")
            for each in COLUMNS
            if each not in sheets
        ]
        raise Problem(422, "workbook-sheets", "This is not a DTM round.", errors=missing)
    return sheets[name], COLUMNS[name]


def _header(
    name: str, rows: Sequence[Sequence[Cell]], columns: Sequence[str]
) -> tuple[int, dict[str, int]]:
    """Return the row (from 1) that has the columns, and where each is; titles may stand above."""
    wanted = [layout.same_header(column) for column in columns]
    best: list[str] = list(columns)
    for number, cells in enumerate(rows[:HEADERS_WITHIN], 1):
        at = {layout.same_header(str(cell)): i for i, cell in reversed([*enumerate(cells)])}
        missing = [column for column, key in zip(columns, wanted, strict=True) if key not in at]
        if not missing:
            return number, at
        best = min(best, missing, key=len)
    faults = [
        Fault(pointer=name, code="column_missing", detail=f"The column '{column}' is missing.")
        for column in best
    ]
    raise Problem(422, "workbook-sheets", "This is not a DTM round.", errors=faults)


def _round_number(*sheets: Sheet) -> int:
    columns = {
        layout.BALADIYAS: layout.BALADIYA_COLUMNS["round"],
        layout.MUHALLAS: layout.MUHALLA_COLUMNS["round"],
    }
    numbers = {
        sheet.count(row, cells, columns[sheet.name])
        for sheet in sheets
        for row, cells in sheet.body()
    }
    if len(numbers) != 1 or not 1 <= min(numbers) <= 9999:  # noqa: PLR2004 - Four digits last for centuries.
        detail = "The column AssessmentRound must name one round, the same in each row."
        raise Problem(422, "workbook-sheets", detail)
    return numbers.pop()


def _period(summary: Sequence[Sequence[Cell]]) -> str | None:
    for cells in summary[:HEADERS_WITHIN]:
        if len(cells) > 1 and str(cells[0]).strip().lower() == "period":
            return str(cells[1]).strip()[:100] or None
    return None


def _read_baladiyas(sheet: Sheet, book: Workbook) -> None:
    columns = layout.BALADIYA_COLUMNS
    for row, cells in sheet.body():
        pcode = sheet.pcode(row, cells, columns["pcode"], BALADIYA)
        total = sheet.count(row, cells, columns["total"])
        book.baladiyas.append(Counted(sheet.name, row, pcode, total))
        for length, level in ((4, "admin1"), (6, "admin2"), (8, "name")):
            name = sheet.text(cells, columns[level])
            name_ar = sheet.text(cells, columns[f"{level}_ar"])
            book.names.setdefault(pcode[:length], (name, name_ar))


def _read_muhallas(sheet: Sheet, book: Workbook) -> None:
    columns = layout.MUHALLA_COLUMNS
    for row, cells in sheet.body():
        pcode = sheet.pcode(row, cells, columns["pcode"], MUHALLA)
        total = sheet.count(row, cells, columns["total"])
        groups = {
            dimension: {
                category: sheet.count(row, cells, header) for category, header in group.items()
            }
            for dimension, group in layout.GROUPS.items()
        }
        book.muhallas.append(Counted(sheet.name, row, pcode, total, groups))
        names = (sheet.text(cells, columns["name"]), sheet.text(cells, columns["name_ar"]))
        book.names.setdefault(pcode, names)
        _read_point(sheet, row, cells, pcode, book)


def _read_point(sheet: Sheet, row: int, cells: Sequence[Cell], pcode: str, book: Workbook) -> None:
    latitude, longitude = (layout.MUHALLA_COLUMNS[each] for each in ("latitude", "longitude"))
    told = sheet.text(cells, latitude), sheet.text(cells, longitude)
    if not all(told):
        detail = "The muhalla has no coordinates."
        _warn(book, sheet, row, latitude, "coordinates_missing", detail)
        return
    at = point(*told)
    if isinstance(at, str):
        _warn(book, sheet, row, latitude, "coordinates", at)
    else:
        book.points.setdefault(pcode, at)


def _read_nationalities(sheet: Sheet, book: Workbook) -> None:
    columns = layout.NATIONALITY_COLUMNS
    odd_rows: dict[str, list[int]] = {}
    for row, cells in sheet.body():
        pcode = sheet.pcode(row, cells, columns["pcode"], MUHALLA)
        total = sheet.count(row, cells, columns["total"])
        label = sheet.text(cells, columns["nationality"])
        code, odd = labels.nationality(label, sheet.text(cells, columns["region"]))
        book.nationalities.append(Counted(sheet.name, row, pcode, total, nationality=code))
        if odd:
            odd_rows.setdefault(odd, []).append(row)
    for odd, rows in odd_rows.items():
        detail = odd if len(rows) == 1 else f"{odd} So in {len(rows)} rows, first here."
        _warn(book, sheet, rows[0], columns["nationality"], "label", detail)


def _warn_of_headers(sheet: Sheet, book: Workbook) -> None:
    for header in sheet.headers:
        if any(wrong in header.lower() for wrong in layout.CORRECTED):
            detail = "The header is misspelt; it was read as meant."
            _warn(book, sheet, sheet.header, header, "header", detail)


def _warn(book: Workbook, sheet: Sheet, row: int, column: str, code: str, detail: str) -> None:
    column = column[:80]
    book.warnings.append(Remark(sheet=sheet.name, row=row, column=column, code=code, detail=detail))


def _twice(book: Workbook) -> list[Fault]:
    faults = []
    for rows in (book.baladiyas, book.muhallas, book.nationalities):
        seen: dict[tuple[str, str | None], int] = {}
        for counted in rows:
            first = seen.setdefault((counted.pcode, counted.nationality), counted.row)
            # A label that the workbook repeats for a place is added up; a place must not be.
            if first != counted.row and counted.nationality is None and counted.pcode:
                where = f"{counted.sheet}/row {counted.row}"
                faults.append(
                    Fault(pointer=where, code="twice", detail=f"This place is in row {first} too.")
                )
    return faults
