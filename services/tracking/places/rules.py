"""How a row of a gazetteer becomes places, or what is wrong with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.jobs import Remark
from chassis.strict import readable
from chassis.tabular import Row, is_formula
from services.tracking.places import geography
from services.tracking.places.gazetteers import Gazetteer, columns, french
from services.tracking.places.shapes import Shape

PCODE = re.compile(r"LY([0-9]{2}){1,4}")
MOST_NAME = 120
EVER_BEFORE, EVER_AFTER = "0000-01-01", "9999-12-31"


@dataclass(frozen=True)
class Named:
    """
    A place as one row of a gazetteer tells it.

    A name of a place above may be empty there; what a row does not tell stays as it is known.
    """

    pcode: str
    level: int
    parent_pcode: str | None
    name_en: str
    name_ar: str
    name_fr: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    shape: Shape | None = None


class RefusedError(Exception):
    """A row cannot be kept, for the reason in `remark`."""

    def __init__(self, row: Row, column: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.remark = Remark(row=row.line, column=column, code=code, detail=detail)


def length(level: int) -> int:
    """Return how long a p-code of a level is: LY and two digits a level."""
    return 2 + 2 * level


def ancestors(pcode: str) -> list[str]:
    """Return the p-codes that a place lies in, the largest first; each is a prefix."""
    return [pcode[:end] for end in range(length(1), len(pcode), 2)]


def parent(pcode: str) -> str | None:
    return pcode[:-2] if len(pcode) > length(1) else None


def places(
    row: Row, deepest: int, shape: Shape | None = None, *, sparse: bool = False
) -> Iterator[Named | Remark]:
    """
    Yield each place of a row, the largest first, or what is wrong with it.

    A `sparse` row need not tell the places above its own.
    """
    try:
        yield from _places(row, deepest, shape, sparse=sparse or shape is not None)
    except RefusedError as refused:
        yield refused.remark


def _places(row: Row, deepest: int, shape: Shape | None, *, sparse: bool) -> Iterator[Named]:
    more = _told_of_itself(row)
    if PCODE.fullmatch(clean(row.cells.get(columns(0)[0], ""))):
        raise RefusedError(row, columns(0)[0], "parent", "A region lies in no other place.")
    for level in range(1, deepest + 1):
        pcode_column, english, arabic = columns(level)
        pcode = clean(row.cells[pcode_column])
        if not pcode and sparse and level < deepest:
            continue
        above = parent(pcode)
        if not PCODE.fullmatch(pcode) or len(pcode) != length(level):
            detail = f"Not a p-code of level {level}: LY and {2 * level} digits."
            raise RefusedError(row, pcode_column, "pcode", detail)
        told = clean(row.cells[columns(level - 1)[0]]) if above else ""
        if above and told != above and not (sparse and not told):
            detail = "The place is not below the one that its row names."
            raise RefusedError(row, pcode_column, "parent", detail)
        empty = level < deepest or sparse
        name_en = _name(row, english, may_be_empty=empty)
        name_ar = _name(row, arabic, may_be_empty=empty)
        name_fr = _name(row, french(level), may_be_empty=True) or None
        if level == deepest and not (name_en or name_ar or shape):
            raise RefusedError(row, english, "name", "The place has no name.")
        own: dict[str, Any] = more | {"shape": shape} if level == deepest else {}
        yield Named(pcode, level, above, name_en, name_ar, name_fr, **own)


def _told_of_itself(row: Row) -> dict[str, Any]:
    """Return what a row says of its own place only: its centre, and when it is on the list."""
    latitude, longitude = (_degrees(row, column) for column in ("latitude", "longitude"))
    if (latitude is None) is not (longitude is None):
        raise RefusedError(row, "latitude", "coordinates", "Latitude and longitude come together.")
    if latitude is not None and longitude is not None:
        wrong = geography.misplaced(latitude, longitude)
        if wrong:
            raise RefusedError(row, "latitude", "coordinates", wrong)
    begins, ends = (_day(row, column) for column in ("valid_from", "valid_until"))
    if begins and ends and ends < begins:
        raise RefusedError(row, "valid_until", "days", "The place ends before it begins.")
    return {
        "latitude": latitude,
        "longitude": longitude,
        "valid_from": begins,
        "valid_until": ends,
    }


def _degrees(row: Row, column: str) -> float | None:
    cell = clean(row.cells.get(column, ""))
    if not cell:
        return None
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", cell):
        raise RefusedError(row, column, "coordinates", "Not degrees, as in 32.8872.")
    return float(cell)


def _day(row: Row, column: str) -> date | None:
    cell = clean(row.cells.get(column, "")).partition("T")[0]
    if not cell:
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise RefusedError(row, column, "days", "Not a day written as YYYY-MM-DD.")


def twice(gazetteer: Gazetteer) -> dict[int, Remark]:
    """Return by line which rows give a p-code that a row before gave to another place."""
    pcode_column, *name_columns = columns(gazetteer.level)
    told: dict[str, list[tuple[int, list[str], tuple[str, str]]]] = {}
    found: dict[int, Remark] = {}
    for row in gazetteer.rows:
        pcode = clean(row.cells[pcode_column])
        names = [clean(row.cells.get(column, "")) for column in name_columns]
        days = _days(row)
        earlier = told.setdefault(pcode, [])
        for line, known, others in earlier:
            # A place may have had another name at another time.
            if known == names or days[0] > others[1] or others[0] > days[1]:
                continue
            detail = f"The row {line} gives this p-code to a place of another name."
            remark = RefusedError(row, pcode_column, "pcode_twice", detail).remark
            found[row.line] = remark
        earlier.append((row.line, names, days))
    return found


def _days(row: Row) -> tuple[str, str]:
    begins, ends = (
        clean(row.cells.get(column, "")).partition("T")[0]
        for column in ("valid_from", "valid_until")
    )
    return begins or EVER_BEFORE, ends or EVER_AFTER


def _name(row: Row, column: str, *, may_be_empty: bool) -> str:
    cell = clean(row.cells.get(column, ""))
    if not cell and (may_be_empty or column not in row.cells):
        return ""
    if is_formula(cell):
        detail = "A spreadsheet would run this cell; write it as text."
        raise RefusedError(row, column, "formula", detail)
    try:
        name = readable(cell)
    except ValueError as error:
        raise RefusedError(row, column, "name", f"The name {error}.") from None
    if len(name) > MOST_NAME:
        raise RefusedError(row, column, "name", "The name is too long.")
    return name


def clean(cell: str) -> str:
    # Spreadsheets leave their escape for a carriage return behind, and double spaces.
    return " ".join(cell.replace("_x000D_", " ").split())
