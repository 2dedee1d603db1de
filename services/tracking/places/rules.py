"""How a gazetteer in COD-AB columns becomes places, row by row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.strict import readable
from chassis.uploads import Row, Upload, decode, is_formula, read_table

LEVELS = (1, 2, 3, 4)
PCODE = re.compile(r"LY([0-9]{2}){1,4}")
MOST_NAME = 120


@dataclass(frozen=True)
class Named:
    """A place as one row of a gazetteer tells it; a name of a place above may be empty there."""

    pcode: str
    level: int
    parent_pcode: str | None
    name_en: str
    name_ar: str


def length(level: int) -> int:
    """Return how long a p-code of a level is: LY and two digits a level."""
    return 2 + 2 * level


def ancestors(pcode: str) -> list[str]:
    """Return the p-codes that a place lies in, the largest first; each is a prefix."""
    return [pcode[:end] for end in range(length(1), len(pcode), 2)]


def parent(pcode: str) -> str | None:
    return pcode[:-2] if len(pcode) > length(1) else None


def columns(level: int) -> tuple[str, str, str]:
    return f"adm{level}_pcode", f"adm{level}_en", f"adm{level}_ar"


def read_gazetteer(upload: Upload) -> tuple[int, list[Row]]:
    """
    Return the level a file lists and its rows; they tell the places above each as well.

    The whole file is refused when its columns are not those of one level and all above it.
    """
    text = decode(upload)
    head = text.partition("\n")[0]
    deepest = max((level for level in LEVELS if columns(level)[0] in head), default=0)
    if not deepest:
        fault = Fault(
            pointer="line/1", code="column_missing", detail="The column adm1_pcode is missing."
        )
        raise Problem(422, "table-header", "This is no gazetteer in COD-AB.", errors=[fault])
    required = [name for level in range(1, deepest + 1) for name in columns(level)]
    return deepest, read_table(text, required)


def places(row: Row, deepest: int) -> Iterator[Named | Remark]:
    """Yield each place of a row, the largest first, or what is wrong with it."""
    for level in range(1, deepest + 1):
        pcode_column, english, arabic = columns(level)
        pcode = _clean(row.cells[pcode_column])
        above = parent(pcode)
        if not PCODE.fullmatch(pcode) or len(pcode) != length(level):
            detail = f"Not a p-code of level {level}: LY and {2 * level} digits."
            yield Remark(row=row.line, column=pcode_column, code="pcode", detail=detail)
            return
        if above and _clean(row.cells[columns(level - 1)[0]]) != above:
            detail = "The place is not below the one that its row names."
            yield Remark(row=row.line, column=pcode_column, code="parent", detail=detail)
            return
        names = []
        for column in (english, arabic):
            name = _name(row, column, may_be_empty=level < deepest)
            if isinstance(name, Remark):
                yield name
                return
            names.append(name)
        yield Named(pcode, level, above, *names)


def _name(row: Row, column: str, *, may_be_empty: bool) -> str | Remark:
    cell = _clean(row.cells[column])
    if not cell and may_be_empty:
        return ""
    if is_formula(cell):
        detail = "A spreadsheet would run this cell; write it as text."
        return Remark(row=row.line, column=column, code="formula", detail=detail)
    try:
        name = readable(cell)
    except ValueError as error:
        return Remark(row=row.line, column=column, code="name", detail=f"The name {error}.")
    if len(name) > MOST_NAME:
        return Remark(row=row.line, column=column, code="name", detail="The name is too long.")
    return name


def _clean(cell: str) -> str:
    # Spreadsheets leave their escape for a carriage return behind, and double spaces.
    return " ".join(cell.replace("_x000D_", " ").split())
