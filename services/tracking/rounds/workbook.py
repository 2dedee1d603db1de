"""Reads a round of DTM Libya from the workbook that is published, as it is."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from chassis import archive
from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.sheets import MergedError, divide_merged, refuse_unreckoned
from services.tracking.formats.hidden import hidden_sheets
from services.tracking.needs import rules as needs
from services.tracking.needs.rules import Need
from services.tracking.places.geography import point
from services.tracking.rounds import labels, layout
from services.tracking.rounds.sheet import HEADERS_WITHIN, Cell, Sheet

MUHALLA = re.compile(r"LY\d{8}")
BALADIYA = re.compile(r"LY\d{6}")


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
    needs: list[Need] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    @property
    def rows(self) -> list[Counted]:
        return [*self.baladiyas, *self.muhallas, *self.nationalities]


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
    book.warnings += hidden_sheets(content, sheets)
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
            name.strip(): _rows(book.get_sheet_by_name(name))
            for name in book.sheet_names
            if name.strip() in COLUMNS or name.strip() == layout.SUMMARY
        }
    except (CalamineError, OSError, ValueError, KeyError):
        raise archive.unreadable("The workbook cannot be opened.") from None


def _rows(sheet: CalamineSheet) -> list[list[Cell]]:
    rows: list[list[Cell]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    if (name := sheet.name.strip()) in COLUMNS:
        try:
            divide_merged(rows, sheet.merged_cell_ranges or ())
        except MergedError as error:
            detail = "Merged cells hold a number; nobody can tell whose it is."
            faults = [
                Fault(pointer=f"{name}/{row}", code="merged", detail=detail) for row in error.cells
            ]
            raise Problem(422, "workbook-cells", detail, errors=faults) from None
    return rows


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
    of_needs = [(header, told) for header in sheet.headers if (told := needs.asked(header))]
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
        book.needs += needs.told(
            pcode, [(told, sheet.text(cells, header)) for header, told in of_needs]
        )
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
