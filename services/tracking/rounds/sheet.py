"""A sheet of a round's workbook: its header, and its cells as counts, p-codes and texts."""

import re
from collections.abc import Sequence

from chassis.problems import Fault, Problem
from services.tracking.rounds import layout

HEADERS_WITHIN = 10
MOST = 2_000_000_000

Cell = object


class Sheet:
    """A sheet with its header found: cells by column, and what is wrong with them."""

    def __init__(self, name: str, rows: Sequence[Sequence[Cell]], columns: Sequence[str]) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self._rows = rows
        self.header, self._at = _header(name, rows, columns)
        self.headers = [str(cell) for cell in rows[self.header - 1]]
        others = {layout.same_header(name): at for at, name in reversed([*enumerate(self.headers)])}
        self._at = others | self._at

    def body(self) -> list[tuple[int, Sequence[Cell]]]:
        """Return (row as a spreadsheet counts it, cells) of each row that has any."""
        return [
            (number, cells)
            for number, cells in enumerate(self._rows[self.header :], self.header + 1)
            if any(cell not in {"", None} for cell in cells)
        ]

    def text(self, cells: Sequence[Cell], column: str) -> str:
        at = self._at[layout.same_header(column)]
        told = str(cells[at]).replace("_x000D_", " ") if at < len(cells) else ""
        if not told.isprintable():
            told = "".join(c for c in told if c.isprintable())
        return " ".join(told.split())[:200]

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
