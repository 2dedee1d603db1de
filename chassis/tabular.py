"""Tables that come in as lines: the header is found and checked before any row is used."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, dropwhile, islice

from chassis.problems import Fault, Problem

MOST_NAMED = 20
MOST_TITLES = 10
"""So many lines at most stand above a header."""
SEPARATORS = ",;\t|"
"""What stands between cells: spreadsheets write a semicolon where the comma is for decimals."""
SEPARATOR_TOLD = "sep="
"""With a separator after it, the line by which a spreadsheet is told what separates the others."""
UNSEEN = "\u061c\u200b\u200e\u200f\u2060\ufeff"
"""What a program puts beside a name so that it is shown in its direction, or to mark a file."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Row:
    """
    A line of a table: `line` as an editor counts, cells by column, absent ones empty.

    Where it is `typed`, its cells tell texts from formulas themselves, as those of a workbook do.
    """

    line: int
    cells: dict[str, str]
    typed: bool = False


Line = tuple[int, list[str]]


def read_table(text: str, required: Collection[str], optional: Collection[str] = ()) -> list[Row]:
    """Read CSV with a header row into rows, as `rows_of` does."""
    return rows_of(lines_of(text), required, optional)


def lines_of(text: str) -> list[Line]:
    """Return the lines of CSV by number, whatever they hold, the header first."""
    return list(each_line(text.encode()))


def rows_of(
    lines: Iterable[Line],
    required: Collection[str],
    optional: Collection[str] = (),
    *,
    others: bool = False,
) -> list[Row]:
    """
    Return the rows below a header, and below the tags of HXL if there are any.

    The whole table is refused when a required column is missing, one is there twice, or a row has
    more cells than the header; and when an unknown column is there, unless `others` may be.
    """
    return list(each_row(lines, required, optional, others=others))


def each_line(content: bytes) -> Iterator[Line]:
    """
    Go through the lines of CSV in UTF-8, of which only one is in memory besides the content.

    What is before the header is passed over: empty lines, and the one that tells the separator.
    """
    lines = _each_line(content, _separator(content))
    return dropwhile(lambda line: _is_before_header(line[1]), lines)


def _is_before_header(cells: Sequence[str]) -> bool:
    told = "".join(cells).strip().lower()
    return not told or told in {SEPARATOR_TOLD, f"{SEPARATOR_TOLD},"}


def _separator(content: bytes) -> str:
    for line in io.BytesIO(content):
        header = line.decode().strip("\r\n").lower()
        if header.startswith(SEPARATOR_TOLD) and header[len(SEPARATOR_TOLD) :] in SEPARATORS:
            return header[len(SEPARATOR_TOLD) :] or ","
        if header.strip(f"{SEPARATORS} "):
            # Names of columns hold none of them, so what the header has most of is what separates.
            return max(SEPARATORS, key=header.count)
    return max(SEPARATORS, key=lambda each: content.count(each.encode()))


def _each_line(content: bytes, separator: str) -> Iterator[Line]:
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    begun = 1
    try:
        for cells in reader:
            yield begun, cells
            begun = reader.line_num + 1
    except csv.Error:
        where = f"line/{reader.line_num}"
        fault = Fault(
            pointer=where, code="csv", detail="A quote stands alone, or a cell is too long."
        )
        detail = "The file is not a CSV table."
        raise Problem(422, "table-unreadable", detail, errors=[fault]) from None


def each_row(
    lines: Iterable[Line],
    required: Collection[str],
    optional: Collection[str] = (),
    *,
    others: bool = False,
    typed: bool = False,
) -> Iterator[Row]:
    """Go through the rows as `rows_of` returns them; at the end a table may be refused yet."""
    own = {} if others else {name.casefold(): name for name in (*required, *optional)}
    left = below_titles(lines, required, lambda name: _named(name, own))
    first = next(left, None)
    if first is None:
        raise Problem(422, "table-unreadable", "The file is empty.")
    header = [_named(name, own) for name in first[1]]
    # A spreadsheet ends each line with the separators of columns that are only formatted.
    while not others and header and not header[-1]:
        header.pop()
    _check_header(first[0], header, required, optional, others=others)
    faults = []
    for number, (line, cells) in enumerate(left):
        if len(cells) > len(header) and any(map(str.strip, cells[len(header) :])):
            fault = {"code": "too_many_cells", "detail": "More cells than columns."}
            faults.append(Fault(pointer=f"line/{line}", **fault))
        elif any(cell.strip() for cell in cells) and not (number == 0 and are_tags(cells)):
            absent = [""] * (len(header) - len(cells))
            yield Row(line, dict(zip(header, cells + absent, strict=False)), typed)
    if faults:
        raise Problem(422, "table-unreadable", "Some rows do not fit the header.", errors=faults)


def below_titles(
    lines: Iterable[Line], required: Collection[str], named: Callable[[str], str]
) -> Iterator[Line]:
    """
    Go through lines from the header on, which is the first unless one soon after it is.

    Titles, and words for several columns at once, may stand above the names of columns.
    """
    left = iter(lines)
    first = list(islice(left, MOST_TITLES + 1))
    wanted = set(required)
    heads = (at for at, (_, cells) in enumerate(first) if wanted <= set(map(named, cells)))
    return chain(first[next(heads, 0) :], left)


def _named(name: str, own: Mapping[str, str]) -> str:
    """Return the name of a column; one of our own is known in capitals too."""
    told = name.strip().strip(UNSEEN).strip()
    return own.get(told.casefold(), told)


def are_tags(cells: Sequence[str]) -> bool:
    """Say whether a line is that of HXL, which stands below the header: each cell is a tag."""
    return all(cell.strip().startswith("#") for cell in cells if cell.strip())


def _check_header(
    line: int,
    header: list[str],
    required: Collection[str],
    optional: Collection[str],
    *,
    others: bool,
) -> None:
    where = f"line/{line}"
    faults = [
        Fault(pointer=where, code="column_missing", detail=f"The column {name} is missing.")
        for name in required
        if name not in header
    ]
    known = {*required, *optional}
    if not others and (strange := [at for at, name in enumerate(header, 1) if name not in known]):
        # By their numbers, because a name may be anything, and is not repeated.
        unknown = ", ".join(map(str, strange[:MOST_NAMED]))
        detail = f"Columns that are not known, counted from the first: {unknown}. Known: "
        detail += f"{', '.join([*required, *optional])}."
        faults.append(Fault(pointer=where, code="column_unknown", detail=detail))
    named = [name for name in header if name or not others]
    if len(set(named)) != len(named):
        twice = next(at for at, name in enumerate(header) if name in named and name in header[:at])
        detail = f"Column {twice + 1} has the name of one before it."
        faults.append(Fault(pointer=where, code="column_twice", detail=detail))
    if faults:
        raise Problem(422, "table-header", "The columns are not those expected.", errors=faults)


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would run the cell instead of showing it."""
    return cell.startswith(FORMULA_STARTS)


def guarded(cell: str) -> str:
    """Return the cell with an apostrophe before it if a spreadsheet would run it, else as it is."""
    # What looks guarded already is guarded once more, or its own apostrophe would be taken off.
    return f"'{cell}" if is_formula(cell.lstrip("'")) else cell


def unguarded(cell: str) -> str:
    """Return the cell without the one apostrophe that `guarded` puts before such cells."""
    return cell[1:] if cell.startswith("'") and is_formula(cell.lstrip("'")) else cell
