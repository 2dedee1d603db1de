"""How a published table of returns from the sea is read: its periods, its notes, its numbers."""

import calendar
import re
from datetime import date

from pydantic import ValidationError

from chassis.jobs import Remark
from chassis.tabular import Row
from chassis.wording import in_words
from services.tracking.seatotals.models import PublishedTotalIn

REQUIRED = ("period", "returned_to_libya", "dead", "missing", "note", "source_url")
OPTIONAL = ("published_on", "reason")
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}

PERIOD = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-(?P<month>[0-9]{2})| H(?P<half>[12])| to (?P<day>[0-9]{1,2}) (?P<name>[A-Z][a-z]{2}))?"
    r"(?P<restated> \(restated\))?"
)
NUMBER = re.compile(r"([0-9]{1,7})(?:\.0)?")
"""A spreadsheet that has seen an empty cell in a column of counts writes 270 as 270.0."""
PART = re.compile(r"([0-9][0-9,]*) (men|women|children|no data|operations)\b")
PLACES = re.compile(r"sum of [0-9]+ locations: (.+)")
PLACE = re.compile(r"(.+) ([0-9][0-9,]*)")
SAID = re.compile(r"\bas (?:published|quoted) (?:([0-9]{1,2}) )?([A-Z][a-z]{2}) ([0-9]{4})")
IN_ADDRESS = re.compile(r"/(20[0-9]{2})/([0-9]{2})(?:/([0-9]{2}))?/")
LATER = re.compile(r"\blater restated ([0-9][0-9,]*)")


class NotReadError(ValueError):
    """A cell cannot be read; `column` says which, `code` and the message say why."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.code = code


def totals(row: Row) -> list[PublishedTotalIn] | Remark:
    """Return the vintages that a row tells, the first first, or what is wrong with the row."""
    try:
        return _totals(row.cells)
    except NotReadError as fault:
        return Remark(row=row.line, column=fault.column, code=fault.code, detail=str(fault))
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False)[0]
        where = str(told["loc"][0]) if told["loc"] else "returned_to_libya"
        detail = f"{in_words(told)}."
        return Remark(row=row.line, column=where, code=str(told["type"]), detail=detail)


def _totals(cells: dict[str, str]) -> list[PublishedTotalIn]:
    starts_on, ends_on, restated = period(cells["period"].strip())
    note = cells["note"].strip()
    said = cells.get("published_on", "").strip() or published_on(note, cells["source_url"])
    reason = cells.get("reason", "").strip() or (f"Restated; {note}" if restated else None)
    told = {
        "starts_on": starts_on,
        "ends_on": ends_on,
        "total": _count(cells, "returned_to_libya"),
        "dead": _count(cells, "dead"),
        "missing": _count(cells, "missing"),
        "is_rounded": "some " in note,
        "published_on": said,
        "source_url": cells["source_url"].strip() or None,
        "note": note or None,
        "reason": reason,
        **parts(note),
    }
    if told["total"] is None:
        raise NotReadError("returned_to_libya", "missing", "The number of people is missing.")
    found = [PublishedTotalIn.model_validate(told)]
    if later := LATER.search(note):
        # The table tells the later number of dead in a remark on the earlier one, without a day.
        correction = {"dead": _whole(later[1]), "reason": note, "published_on": None}
        found.append(PublishedTotalIn.model_validate(told | correction))
    return found


def period(text: str) -> tuple[date, date, bool]:
    """Return the first and the last day of a period, and whether the row says it is restated."""
    found = PERIOD.fullmatch(text)
    if found is None:
        detail = "Not a period: 2016, 2017-05, 2018 H1 or 2025 to 12 Jul."
        raise NotReadError("period", "period", detail)
    year = int(found["year"])
    first, last = 1, 12
    if found["month"]:
        first = last = int(found["month"])
    elif found["half"]:
        first, last = (1, 6) if found["half"] == "1" else (7, 12)
    elif found["name"]:
        last = MONTHS.get(found["name"].lower(), 0)
    try:
        day = int(found["day"] or calendar.monthrange(year, last)[1])
        return date(year, first, 1), date(year, last, day), bool(found["restated"])
    except (ValueError, IndexError):
        raise NotReadError("period", "period", "Not a period of the calendar.") from None


def published_on(note: str, address: str) -> date | None:
    """Return the day that the note or the address of the source tells; the last of a month."""
    if said := SAID.search(note):
        day, name, year = said.groups()
        month: int | None = MONTHS.get(name.lower())
    elif linked := IN_ADDRESS.search(address):
        year, month, day = linked[1], int(linked[2]), linked[3]
    else:
        return None
    try:
        return date(
            int(year), month or 0, int(day or calendar.monthrange(int(year), month or 0)[1])
        )
    except (ValueError, IndexError):
        return None


def parts(note: str) -> dict[str, int | dict[str, int]]:
    """Return what a note tells beside the total: men, women, children, operations, places."""
    found: dict[str, int | dict[str, int]] = {
        name.replace(" ", "_"): _whole(number) for number, name in PART.findall(note)
    }
    if listed := PLACES.search(note):
        places = [PLACE.fullmatch(each.strip()) for each in listed[1].split(";")]
        found["by_place"] = {each[1]: _whole(each[2]) for each in places if each}
    return found


def _count(cells: dict[str, str], column: str) -> int | None:
    cell = cells[column].strip()
    if not cell:
        return None
    number = NUMBER.fullmatch(cell)
    if number is None:
        raise NotReadError(column, "not_a_count", "Not a whole number of people.")
    return int(number[1])


def _whole(text: str) -> int:
    return int(text.replace(",", ""))
