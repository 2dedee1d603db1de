"""How a published long table becomes figures, row by row, and what a row is refused for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple, get_args

from chassis import sheets
from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from chassis.strict import readable
from chassis.tabular import Row, is_formula, rows_of
from chassis.uploads import Upload
from services.tracking.formats.numbers import whole
from services.tracking.series.models import Basis, Component, Confidence

POPULATIONS = {"idps": "idp", "returnees": "returnee", "migrants": "migrant"}
"""What the columns of a published table count."""
REQUIRED = ("round", "source_url", "basis")
OPTIONAL = (
    *POPULATIONS,
    "period_start",
    "period_end",
    "note",
    "pcode",
    "component",
    "source_count",
    "confidence",
    "published_on",
    "restated_because",
)
CONFIDENCE: Mapping[str, Confidence] = {
    "direct": "high",
    "dataset": "high",
    "previous_round": "medium",
    "quoted_later": "medium",
    "round_inferred": "low",
    "typo_in_source": "low",
}
"""How far a figure is to be believed where its row does not say so, by where it was read."""
DATED = ("period_start", "period_end", "published_on")
COUNTRY = "LY"
PCODE = re.compile(r"LY([0-9]{2}){0,4}")
PERIOD = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")
MOST = 10_000_000
"""More people than live in the country are in no place of it."""
MOST_ROUND = 9999
MOST_TEXT = 1000
MONTH = len("2024-08")
SOURCES = re.compile(r"\b([0-9]{1,3}(?:,?[0-9]{3})?) (?:KIs|key informants)\b")


class RowError(Exception):
    """A cell that cannot be kept: the column, the rule, what to do."""

    def __init__(self, column: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.column, self.code, self.detail = column, code, detail

    def remark(self, row: int) -> Remark:
        return Remark(row=row, column=self.column, code=self.code, detail=self.detail)


@dataclass(frozen=True)
class Told:
    """What one row tells: figures by population, all of one place and round."""

    line: int
    round_number: int
    values: dict[str, int]
    component: Component
    pcode: str
    period_start: str | None
    period_end: str | None
    source: str
    basis: Basis
    source_count: int | None
    confidence: Confidence
    note: str | None
    restated_because: str | None
    published_on: date | None

    def known_since(self, today: date) -> date:
        """Return the first day on which somebody may have known the figures."""
        if self.published_on:
            return self.published_on
        return min(last_day(self.period_end), today) if self.period_end else today


def read_series(upload: Upload) -> list[Row]:
    """Return the rows of a long table; the whole file is refused when its columns do not fit."""
    rows = rows_of(sheets.table(upload), REQUIRED, OPTIONAL)
    if rows and not POPULATIONS.keys() & rows[0].cells.keys():
        names = ", ".join(POPULATIONS)
        fault = Fault(pointer="line/1", code="column_missing", detail=f"One of: {names}.")
        raise Problem(422, "table-header", "The table counts nobody.", errors=[fault])
    return rows


def told(row: Row, today: date) -> Told:
    """Return what a row tells by today; RowError at the first cell that cannot be kept."""
    cells = {column: cell.strip() for column, cell in row.cells.items()}
    number = _count(cells, "round", most=MOST_ROUND)
    if not number:
        raise RowError("round", "round", "Not the number of a round.")
    start, end, published = (_period(cells, column) for column in DATED)
    if start and end and last_day(end) < _first_day(start):
        raise RowError("period_end", "period", "The period ends before it starts.")
    for column, period in zip(DATED, (start or end, None, published), strict=True):
        if period and is_yet_to_come(period, today):
            raise RowError(column, "future", "This is yet to come; look at the year.")
    values = {
        population: value
        for column, population in POPULATIONS.items()
        if (value := _count(cells, column)) is not None
    }
    if not values:
        raise RowError("round", "no_figure", "The row has no figure.")
    basis: Basis = _one_of(cells, "basis", get_args(Basis))
    pcode = cells.get("pcode") or COUNTRY
    if not PCODE.fullmatch(pcode):
        raise RowError("pcode", "pcode", "Not a p-code: LY and two digits a level.")
    source = _text(cells, "source_url")
    if source is None:
        raise RowError("source_url", "source", "A figure without a source is not kept.")
    return Told(
        line=row.line,
        round_number=number,
        values=values,
        component=_one_of(cells, "component", get_args(Component), "mobility_tracking"),
        pcode=pcode,
        period_start=start,
        period_end=end,
        source=source,
        basis=basis,
        source_count=_source_count(cells),
        confidence=_one_of(cells, "confidence", get_args(Confidence), CONFIDENCE[basis]),
        note=_text(cells, "note"),
        restated_because=_text(cells, "restated_because"),
        published_on=last_day(published) if published else None,
    )


class Order(NamedTuple):
    """What is wrong with a round's place among the others, and whether it overlaps a later one."""

    wrong: str | None
    overlaps: bool


def follows(
    round_number: int, start: str | None, end: str | None, known: Iterable[tuple[int, str]]
) -> Order:
    """
    Say whether a round starts after each earlier one and before each later one.

    Published rounds overlap by a month and no more. `known` are numbers and starts of others.
    """
    end = end or start
    if not start or not end:
        return Order(None, overlaps=False)
    overlaps = False
    for number, other in known:
        if number == round_number:
            continue
        before = other[:MONTH] < start[:MONTH]
        after = other[:MONTH] > start[:MONTH]
        if (number > round_number and before) or (number < round_number and after):
            side = "before" if before else "after"
            detail = f"Round {number} starts in {other[:MONTH]}, {side} this one does."
            return Order(detail, overlaps=False)
        overlaps |= number > round_number and other[:MONTH] < end[:MONTH]
    return Order(None, overlaps)


def refuse_disorder(each: Told, known: Iterable[tuple[int, str]]) -> bool:
    """Refuse a round that is out of order; return whether it overlaps a later one."""
    order = follows(each.round_number, each.period_start, each.period_end, known)
    if order.wrong:
        raise RowError("period_start", "round_out_of_order", order.wrong)
    return order.overlaps


def last_day(period: str) -> date:
    """Return the last day of a month, or the day itself."""
    if len(period) > MONTH:
        return date.fromisoformat(period)
    within_next_month = date.fromisoformat(f"{period}-28") + timedelta(days=4)
    return within_next_month.replace(day=1) - timedelta(days=1)


def is_yet_to_come(period: str, today: date) -> bool:
    """Say whether a month or a day begins later than it is by now."""
    return _first_day(period) > today


def _first_day(period: str) -> date:
    return date.fromisoformat(period if len(period) > MONTH else f"{period}-01")


def _count(cells: Mapping[str, str], column: str, most: int = MOST) -> int | None:
    cell = cells.get(column, "")
    if not cell:
        return None
    count = whole(cell)
    if count is None:
        raise RowError(column, "not_a_count", "Not a whole number.")
    if count > most:
        raise RowError(column, "not_a_count", f"More than {most}.")
    return count


def _source_count(cells: Mapping[str, str]) -> int | None:
    """Return of how many informants a row tells, in its own column or in its note."""
    count = _count(cells, "source_count")
    said = SOURCES.search(cells.get("note", "")) if count is None else None
    return int(said[1].replace(",", "")) if said else count


def _period(cells: Mapping[str, str], column: str) -> str | None:
    cell = cells.get(column, "")
    if not cell:
        return None
    try:
        if not PERIOD.fullmatch(cell):
            raise ValueError
        last_day(cell)
    except (ValueError, OverflowError):
        raise RowError(column, "period", "Not a month or a day like 2024-08.") from None
    return cell


def _text(cells: Mapping[str, str], column: str) -> str | None:
    cell = cells.get(column, "")
    if not cell:
        return None
    if is_formula(cell):
        raise RowError(column, "formula", "A spreadsheet would run this cell; write it as text.")
    try:
        text = readable(cell)
    except ValueError as error:
        raise RowError(column, "text", f"The text {error}.") from None
    if len(text) > MOST_TEXT:
        raise RowError(column, "text", f"Longer than {MOST_TEXT} characters.")
    return text


def _one_of(
    cells: Mapping[str, str], column: str, words: tuple[str, ...], otherwise: str = ""
) -> Any:
    word = cells.get(column) or otherwise
    if word not in words:
        raise RowError(column, column, f"One of: {', '.join(words)}.")
    return word
