"""Reads a round of any population from a table: a row a place, a column a figure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from chassis import sheets
from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.uploads import Row, Upload, rows_of
from services.tracking.consistency.rules import HOUSEHOLDS
from services.tracking.formats.numbers import whole
from services.tracking.rounds.counts import Key, RoundCounts
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.models import Dimension, Population

COUNTRY = "LY"
PCODE = re.compile(r"LY([0-9]{2}){0,4}")
PLACE = re.compile(r"(?:adm(?:in)?_?([0-4])|region|mantika|baladiya|muhalla|place)?_?p_?code")
LEVELS = {"region": 1, "mantika": 2, "baladiya": 3, "muhalla": 4}
ROUND = frozenset({"round", "round_number", "assessmentround", "assessment_round"})
FIGURE = re.compile(r"(idp|returnee|migrant)s?(?:_(.+))?")
ALL = frozenset({"ind", "individuals", "individual", "total"})
FAMILIES = frozenset({"hh", "hhs", "households", "families"})
SEX = {"male": "male", "males": "male", "female": "female", "females": "female"}
OF_THE_WHOLE = frozenset({"total", "grand total", "المجموع", "الإجمالي", "الاجمالي"})
MOST = 10_000_000
"""More people than live in the country are in no place of it."""
MOST_MAPPED, MOST_CATEGORY, MOST_LEFT = 500, 40, 50


class Column(NamedTuple):
    """A figure that a column tells: of whom, and which part of them."""

    population: Population
    dimension: str
    category: str


@dataclass
class Told:
    """What a table says: `stated` are totals of places that have rows of places within them."""

    rounds: dict[Population, RoundCounts] = field(default_factory=dict)
    stated: dict[Population, dict[tuple[str, str], tuple[int, str]]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class Head:
    """Which columns of a table tell places, the round and figures."""

    places: list[str]
    rounds: list[str]
    figures: dict[str, Column]
    left: list[str]


def is_table(upload: Upload, columns: Mapping[str, str]) -> bool:
    """Say whether a file is such a table: its first row names places and counts somebody."""
    try:
        found = head_of(sheets.table(upload)[0][1], columns)
    except (Problem, IndexError):
        return False
    return bool(found.places and found.figures)


def read(
    upload: Upload, columns: Mapping[str, str], number: int | None, period: str | None
) -> Told:
    """
    Return what a table tells of each population, or raise the problem of what it is.

    422 `table-header` when its columns tell of no place, of nobody, or of one thing twice;
    `workbook-cells` with each cell that is no count, no p-code or another round.
    """
    lines = sheets.table(upload)
    rows = rows_of(lines, [], others=True)
    head = head_of(lines[0][1], columns)
    _refuse_twice(head)
    faults: list[Fault] = []
    cells = {row.line: _place_of(row, head, faults) for row in rows}
    numbers = _rounds_of(rows, head, number, faults)
    values: dict[Column, dict[str, int]] = {}
    lines_by_place: dict[str, int] = {}
    for row in rows:
        pcode = cells[row.line]
        if not pcode:
            continue
        if (first := lines_by_place.setdefault(pcode, row.line)) != row.line:
            detail = f"This place is in line {first} too."
            faults.append(Fault(pointer=f"line/{row.line}", code="twice", detail=detail))
        _count(row, head, pcode, values, faults)
    if faults:
        detail = f"{len(faults)} cells cannot be kept; correct them and send it again."
        raise Problem(422, "workbook-cells", detail, errors=faults)
    told = _summed(values, numbers, period, lines_by_place)
    told.warnings = [_left(column) for column in head.left[:MOST_LEFT]]
    return told


def mapped(text: str | None) -> dict[str, str]:
    """Return what a request says that the columns of its file mean, by their names in the file."""
    if not text:
        return {}
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or len(told) > MOST_MAPPED:
            raise ValueError
        if not all(isinstance(each, str) for each in told.values()):
            raise ValueError
    except (ValueError, RecursionError):
        detail = 'A JSON object of columns and what they mean, as {"IDP HH": "idps:households"}.'
        fault = Fault(pointer="query/columns", code="columns", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault]) from None
    return told


def head_of(header: Sequence[str], columns: Mapping[str, str]) -> Head:
    """Return what each column of a header tells, by its own name or by what it is mapped to."""
    head = Head([], [], {}, [])
    levels: dict[str, int] = {}
    for column in (each.strip() for each in header):
        key = _key(columns.get(column, column))
        if found := PLACE.fullmatch(key):
            levels[column] = int(found[1] or LEVELS.get(key.partition("_")[0], len(COUNTRY) + 4))
        elif key in ROUND:
            head.rounds.append(column)
        elif figure := _figure(key):
            head.figures[column] = figure
        elif column:
            head.left.append(column)
    # The deepest place that a row names is the place that it is about.
    head.places.extend(sorted(levels, key=lambda each: -levels[each]))
    return head


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _figure(key: str) -> Column | None:
    found = FIGURE.fullmatch(key)
    if not found:
        return None
    population: Population = next(each for each in get_args(Population) if each == found[1])
    part = found[2] or ""
    if not part or part in ALL:
        return Column(population, TOTAL, "")
    if part in FAMILIES:
        return Column(population, HOUSEHOLDS, "")
    if part in SEX:
        return Column(population, "sex", SEX[part])
    for dimension in get_args(Dimension):
        category = part.removeprefix(f"{dimension}_")
        if category != part and category:
            return Column(population, dimension, category[:MOST_CATEGORY])
    return None


def _refuse_twice(head: Head) -> None:
    faults = []
    if not head.places:
        faults.append(("column_missing", "No column tells the p-codes of places, as `pcode`."))
    totals = {each.population for each in head.figures.values() if each.dimension == TOTAL}
    if not totals:
        detail = "No column counts anybody: `idps`, `returnees` or `migrants`."
        faults.append(("column_missing", detail))
    parts = {each.population for each in head.figures.values()} - totals
    faults += [("column_missing", f"The parts of {each}s have no total.") for each in parts]
    if len(set(head.figures.values())) < len(head.figures):
        faults.append(("column_twice", "Two columns tell the same figure."))
    if faults:
        errors = [Fault(pointer="line/1", code=code, detail=detail) for code, detail in faults]
        raise Problem(422, "table-header", "The columns are not those of a round.", errors=errors)


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


def _count(
    row: Row,
    head: Head,
    pcode: str,
    values: dict[Column, dict[str, int]],
    faults: list[Fault],
) -> None:
    for name, column in head.figures.items():
        cell = row.cells[name].strip()
        if not cell:
            continue
        value = whole(cell)
        if value is None or value > MOST:
            where = f"line/{row.line}/{name}"
            detail = f"Not a whole number of people from 0 to {MOST}."
            faults.append(Fault(pointer=where, code="not_a_count", detail=detail))
        else:
            values.setdefault(column, {})[pcode] = value


def _summed(
    values: Mapping[Column, Mapping[str, int]],
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


def _figures(
    values: Mapping[Column, Mapping[str, int]], leaves: set[str]
) -> Iterator[tuple[Key, int]]:
    """Yield the figures of the smallest places; a part that nobody is in is none."""
    for column, by_place in values.items():
        for pcode, value in by_place.items():
            if pcode in leaves and (value or column.dimension == TOTAL):
                yield (pcode, column.dimension, column.category), value


def _left(column: str) -> Remark:
    detail = "The column tells no figure of a round that is known; it was left out."
    return Remark(row=1, column=column[:80], code="column_left_out", detail=detail)
