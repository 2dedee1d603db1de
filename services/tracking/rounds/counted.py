"""Reads a round of any population from a table: a row a place, a column a figure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chassis import sheets
from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.tabular import Row, rows_of
from chassis.uploads import Upload
from services.tracking.formats import tables
from services.tracking.formats.hidden import hidden_sheets
from services.tracking.formats.numbers import whole
from services.tracking.formats.tables import Table
from services.tracking.needs import rules as needs
from services.tracking.needs.rules import Need
from services.tracking.rounds import labels, layout
from services.tracking.rounds.counts import Key, RoundCounts
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.heading import COUNTRY, Column, Head, head_of, refuse_twice
from services.tracking.rounds.models import Population

PCODE = re.compile(r"LY([0-9]{2}){0,4}")
OF_THE_WHOLE = frozenset({"total", "grand total", "المجموع", "الإجمالي", "الاجمالي"})
MOST = 10_000_000
"""More people than live in the country are in no place of it."""
MOST_LEFT = 50
Values = dict[Column, dict[str, int]]
WHOLE = ("", "")
"""The part of a place's people that a row counts which names no category: all of them."""


@dataclass
class Told:
    """What a table says: `stated` are totals of places that have rows of places within them."""

    rounds: dict[Population, RoundCounts] = field(default_factory=dict)
    stated: dict[Population, dict[tuple[str, str], tuple[int, str]]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: list[Remark] = field(default_factory=list)


def is_table(upload: Upload, asked: "Asked") -> bool:
    """Say whether a file is such a table and not the workbook that is published of migrants."""
    if asked.columns or asked.sheet:
        return True
    try:
        if sheets.is_workbook(upload.content) and _is_published(upload):
            return False
        return bool(asked.number) or _tells_round(head_of(_found(upload, asked).head, {}))
    except Problem:
        return False


def _is_published(upload: Upload) -> bool:
    names = {name.strip() for name in sheets.names(upload.content)}
    return not names.isdisjoint({layout.BALADIYAS, layout.MUHALLAS, layout.NATIONALITIES})


def _found(upload: Upload, asked: "Asked") -> Table:
    return tables.find(upload, lambda head: _tells_round(head_of(head, asked.columns)), asked.sheet)


def _tells_round(head: Head) -> bool:
    return bool(head.places and head.figures)


@dataclass(frozen=True)
class Asked:
    """What a request says of its file besides: what its columns mean, and which round it is."""

    columns: dict[str, str]
    number: int | None = None
    period: str | None = None
    sheet: str | None = None

    def options(self) -> dict[str, Any]:
        return {"table": vars(self)}


def read(upload: Upload, asked: Asked, named: labels.Named) -> Told:
    """
    Return what a table tells of each population, or raise the problem of what it is.

    Places of origin may be told by names, of which `named` has the p-codes.

    422 `table-header` when its columns tell of no place, of nobody, or of one thing twice;
    `workbook-cells` with each cell that is no count, no p-code or another round.
    """
    found = _found(upload, asked)
    rows = rows_of(found.lines, [], others=True)
    head = head_of(found.head, asked.columns, named)
    refuse_twice(head)
    faults: list[Fault] = []
    cells = {row.line: _place_of(row, head, faults) for row in rows}
    numbers = _rounds_of(rows, head, asked.number, faults)
    table = _Table(head, named)
    for row in rows:
        if pcode := cells[row.line]:
            table.take(row, pcode)
    faults += table.faults
    if faults:
        detail = f"{len(faults)} cells cannot be kept; correct them and send it again."
        raise Problem(422, "workbook-cells", detail, errors=faults)
    told = _summed(table.wholes(), numbers, asked.period, table.lines)
    for of_population in told.rounds.values():
        of_population.needs.extend(table.needs)
    told.warnings = [*hidden_sheets(upload.content), *head.odd, *table.odd.values()]
    told.warnings += [_left(column) for column in head.left[:MOST_LEFT]]
    return told


def _place_of(row: Row, head: Head, faults: list[Fault]) -> str:
    named = [column for column in head.places if row.cells[column].strip()]
    column = named[0] if named else head.places[0]
    pcode = row.cells[column].strip()
    says_whole = any(cell.strip().casefold() in OF_THE_WHOLE for cell in row.cells.values())
    if says_whole and (not pcode or pcode.casefold() in OF_THE_WHOLE):
        return COUNTRY
    if not PCODE.fullmatch(pcode):
        where = f"line/{row.line}/{column}"
        detail = "Not a p-code: LY and two digits a level."
        faults.append(Fault(pointer=where, code="pcode", detail=detail))
        return ""
    above = (row.cells[each].strip() for each in named[1:])
    if any(PCODE.fullmatch(each) and not pcode.startswith(each) for each in above):
        where = f"line/{row.line}/{column}"
        detail = "The place is not below the one that its row names."
        faults.append(Fault(pointer=where, code="parent", detail=detail))
        return ""
    return pcode


def _rounds_of(rows: Sequence[Row], head: Head, number: int | None, faults: list[Fault]) -> int:
    """Return which round all rows are of; the request or a column says it, and both the same."""
    found = {number} if number else set()
    for row in rows:
        for column in head.rounds:
            if cell := row.cells[column].strip():
                told = whole(cell) or 0
                found.add(told)
                if not told or len(found) > 1:
                    detail = "Not the number of the round; all rows are of the same one."
                    where = f"line/{row.line}/{column}"
                    faults.append(Fault(pointer=where, code="round", detail=detail))
    if not found:
        detail = "Say which round it is: `round_number` in the request or `round` in the table."
        fault = Fault(pointer="query/round_number", code="missing", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    told = next(iter(found))
    if not faults and not 1 <= told <= 9999:  # noqa: PLR2004 - Four digits last for centuries.
        faults.append(Fault(pointer="line/1", code="round", detail="No number from 1 to 9999."))
    return told


class _Table:
    """Takes the rows of a table one by one: what each counts, of which place and which part."""

    def __init__(self, head: Head, named: labels.Named) -> None:
        self._named = named
        self.lines: dict[str, int] = {}
        self._needs: dict[tuple[str, int], Need] = {}
        self.faults: list[Fault] = []
        self.odd: dict[str, Remark] = {}
        self._head = head
        self._values: Values = {}
        self._seen: dict[tuple[str, str, str], int] = {}
        self._has_wholes = False

    def take(self, row: Row, pcode: str) -> None:
        self.lines.setdefault(pcode, row.line)
        parts = [part for part in map(partial(self._part, row), self._head.categories) if part]
        if len(parts) > 1:
            self._refuse(row, "", "crossed", "A row is of one category; give each its own row.")
            return
        part, label = parts[0] if parts else WHOLE, ""
        if part == WHOLE:
            self._has_wholes = True
        else:
            label = "".join(row.cells[each].strip() for each in self._head.categories)
        if (first := self._seen.setdefault((pcode, *part[:1], label), row.line)) != row.line:
            self._refuse(row, "", "twice", f"This place is in line {first} too.")
        for name, column in self._head.figures.items():
            if cell := row.cells[name].strip():
                self._count(row, name, cell, self._of_part(row, name, column, part), pcode)
        told = [(asked, row.cells[name]) for name, asked in self._head.needs.items()]
        # Of a place with several rows, what the first one says is needed stands.
        for need in needs.told(pcode, told):
            self._needs.setdefault((pcode, need.priority), need)

    @property
    def needs(self) -> list[Need]:
        return [*self._needs.values()]

    def wholes(self) -> Values:
        """Return what was counted; where only parts are told, they sum to their wholes."""
        if not self._has_wholes:
            dimensions = sorted({each.dimension for each in self._values})
            for column, by_place in [*self._values.items()]:
                if column.dimension == dimensions[0]:
                    whole_column = Column(column.population, TOTAL, "")
                    for pcode, value in by_place.items():
                        self._add(whole_column, pcode, value)
        return self._values

    def _part(self, row: Row, name: str) -> tuple[str, str] | None:
        label, dimension = row.cells[name].strip(), self._head.categories[name]
        if not label or label.casefold() in OF_THE_WHOLE:
            return None
        category, odd = labels.category(dimension, label, self._named)
        if odd:
            remark = Remark(row=row.line, column=name[:80], code="label", detail=odd)
            self.odd.setdefault(label, remark)
        return dimension, category

    def _of_part(self, row: Row, name: str, column: Column, part: tuple[str, str]) -> Column:
        if part == WHOLE:
            return column
        if column.dimension != TOTAL:
            detail = "A row of one category tells how many people it has, and no other part."
            self._refuse(row, name, "crossed", detail)
        return Column(column.population, *part)

    def _count(self, row: Row, name: str, cell: str, column: Column, pcode: str) -> None:
        value = whole(cell)
        if value is None or value > MOST:
            detail = f"Not a whole number of people from 0 to {MOST}."
            self._refuse(row, name, "not_a_count", detail)
        else:
            self._add(column, pcode, value)

    def _add(self, column: Column, pcode: str, value: int) -> None:
        by_place = self._values.setdefault(column, {})
        by_place[pcode] = by_place.get(pcode, 0) + value

    def _refuse(self, row: Row, column: str, code: str, detail: str) -> None:
        where = f"line/{row.line}/{column}" if column else f"line/{row.line}"
        self.faults.append(Fault(pointer=where, code=code, detail=detail))


def _summed(
    values: Values,
    number: int,
    period: str | None,
    lines: Mapping[str, int],
) -> Told:
    told = Told(lines=dict(lines))
    for population in sorted({each.population for each in values}):
        totals = values.get(Column(population, TOTAL, ""), {})
        of_population = {each: at for each, at in values.items() if each.population == population}
        named = {pcode for at in of_population.values() for pcode in at}
        above = {pcode[:end] for pcode in named for end in range(2, len(pcode), 2)}
        told.rounds[population] = RoundCounts(
            number, population, period, dict(_figures(of_population, named - above))
        )
        told.stated[population] = {
            (pcode, TOTAL): (totals[pcode], f"line {lines[pcode]}")
            for pcode in named & above
            if pcode in totals
        }
    return told


def _figures(values: Values, leaves: set[str]) -> Iterator[tuple[Key, int]]:
    """Yield the figures of the smallest places; a part that nobody is in is none."""
    for column, by_place in values.items():
        for pcode, value in by_place.items():
            if pcode in leaves and (value or column.dimension == TOTAL):
                yield (pcode, column.dimension, column.category), value


def _left(column: str) -> Remark:
    detail = "The column tells no figure of a round that is known; it was left out."
    return Remark(row=1, column=column[:80], code="column_left_out", detail=detail)
