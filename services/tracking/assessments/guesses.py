"""What a column of an unknown file is likely to be, by its name and its cells, without I/O."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import get_args
from unicodedata import combining, normalize

from services.tracking.assessments.mappings import FALSE, NOTHING, TRUE, Separator
from services.tracking.assessments.questions import MOST_COUNT
from services.tracking.formats.days import DayOrder, NoDayError, day
from services.tracking.formats.numbers import Mark, decimal, whole

MOSTLY, ALWAYS = 0.8, 1.0
MOST_CHOICES, MOST_LABEL = 60, 80
ENOUGH = 300
"""So many different cells show how all of them are written."""
ORDERS: tuple[DayOrder, ...] = get_args(DayOrder)
FEW, OFTEN = 12, 2
BELOW_ALL = 9
"""A location lies below every level that has a number."""
LEVEL = re.compile(
    r"adm(?:in)?_?([0-5])|(?:^|_)(loc|location|localite|site|settlement|village|camp)(?:_|$)"
)
PLACE = re.compile(
    r"(?:^|_)(?:adm(?:in)?_?[0-5]|loc|location|localite|site|settlement|village|camp|country|region|province"
    r"|district|county|ward|commune|cercle|prefecture|woreda|kebele|departement|department|state|governorate|pays|mantika|baladiya"
    r"|muhalla)(?:_(?:name|nom|label|en|fr|ar))*$"
)
COUNTRY = re.compile(r"(?:^|_)(?:country|pays)(?:_|$)")
PCODE = re.compile(r"(?:^|_)p_?code(?:_|$)|pcode|(?:^|_)adm(?:in)?_?[0-5]_code$")
CODE = re.compile(r"[A-Za-z]{0,4}[0-9][A-Za-z0-9_-]{0,20}")
ELSEWHERE = re.compile(r"origin|previous|provenance|intend|return|dest|birth|transit|last_")
"""In the name of a column that tells another place than the one that the row is about."""
IDS = tuple(
    re.compile(rf"(?:^|_){each}$")
    for each in (
        "(?:instance_?|submission_?|response_?|assessment_?)?uuid",
        "(?:instance|submission|response|survey|assessment|unique|record)_?(?:id|key)",
        "(?:loc(?:ation)?|site)_?(?:id|ssid|code)",
        "ssid",
        "id",
        "key",
        "index",
    )
)
ROUND = re.compile(r"(?:^|_|assessment)round(?:_?(?:number|num|no))?$")
DAY = re.compile(r"(?:^|_)(?:date|day|jour|today|start|end|submissiondate)(?:_|$)")
OF_ASSESSMENT = re.compile(r"survey|assess|collect|report|interview|enquete|today|^date$")
PERSONAL = re.compile(
    r"(?:^|_)(?:names?|noms?|prenoms?|phones?|tel|telephones?|mobiles?|emails?|contacts?|enumerators?"
    r"|interviewers?|respondents?|informants?|ki|kis|users?(?:names?)?|devices?(?:id)?|address(?:es)?"
    r"|comments?|remarks?|notes?|specify|others?_text|imei|sim)(?:_|$)"
)
NUMBERS_OF_PERSONS = re.compile(r"(?:^|_)(?:phones?|tel|telephones?|mobiles?|imei|sim)(?:_|$)")
FIGURE = re.compile(
    r"(?:^|_)(?:num|number|nb|total|tot|nbr)?_?(idps?|pdi|returnees?|ret|migrants?|mig)"
    r"_(?:ind|individuals?|indiv|persons?|people)$"
)
NOTHING_ELSEWHERE = ("ND", "N.D.", "N/D", "missing", "-99", "-999")
"""What other missions write where nobody knows."""
POPULATIONS = {"i": "idp", "p": "idp", "r": "returnee", "m": "migrant"}
WORD = re.compile(r"[^\W\d_]\w{0,39}")
CODES = re.compile(r"[a-z0-9_]+(?: [a-z0-9_]+)*")


def key(name: str) -> str:
    """Return a column's name as it is compared: plain small letters and digits, parted by lines."""
    plain = "".join(each for each in normalize("NFKD", name) if not combining(each))
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", parted.casefold()).strip("_")


@dataclass
class Column:
    """A column of a file: its name, and the cells that tell something."""

    name: str
    cells: list[str]
    rows: int
    different: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.different = Counter(self.cells)

    @property
    def key(self) -> str:
        return key(self.name)

    def reads(self, reader: Callable[[str], object], share: float = MOSTLY) -> bool:
        """Say whether a share of the cells at least can be read so."""
        read = sum(n for cell, n in self.different.items() if reader(cell) is not None)
        return bool(self.cells) and read >= share * len(self.cells)

    @property
    def is_code(self) -> bool:
        return self.reads(CODE.fullmatch, ALWAYS)

    @property
    def is_full(self) -> bool:
        return len(self.cells) >= MOSTLY * self.rows > 0

    @property
    def is_yes_or_no(self) -> bool:
        words = {cell.lower().removesuffix(".0") for cell in self.different}
        return bool(words) and words <= TRUE | FALSE


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """Return the columns of a table without the cells that say nothing."""
    nothing = {each.casefold() for each in (*NOTHING, *NOTHING_ELSEWHERE)}
    found = []
    for at, name in enumerate(head):
        cells = [row[at].strip() for row in rows if at < len(row)]
        told = [cell for cell in cells if cell.casefold() not in nothing]
        found.append(Column(name, told, len(rows)))
    return found


def level(column: Column) -> int:
    """Return how small the places are that a column names: 0 is the country."""
    if found := LEVEL.search(column.key):
        return int(found[1]) if found[1] else BELOW_ALL
    return 0 if COUNTRY.search(column.key) else 1


def is_pcode(column: Column) -> bool:
    named = PCODE.search(column.key) and not ELSEWHERE.search(column.key)
    return bool(named) and column.is_code


def is_place(column: Column) -> bool:
    named = PLACE.search(column.key) and not ELSEWHERE.search(column.key)
    return bool(named) and not column.is_yes_or_no


def decimal_mark(found: Iterable[Column]) -> Mark:
    """Return what stands before fractions in a file, by the numbers that leave no doubt."""
    doubtless = re.compile(r"-?[0-9]+([.,])(?:[0-9]{1,2}|[0-9]{4,12})")
    marks = Counter(
        told[1] for each in found for cell in each.different if (told := doubtless.fullmatch(cell))
    )
    return "," if marks[","] > marks["."] else "."


def day_order(cells: Sequence[str]) -> DayOrder | None:
    """Return in which order days are written, of several the one that reads most; None for none."""
    some = list(dict.fromkeys(cells))[:ENOUGH]
    if not some:
        return None
    read = {order: sum(_is_day(cell, order) for cell in some) for order in ORDERS}
    best = max(ORDERS, key=lambda order: read[order])
    return best if read[best] >= MOSTLY * len(some) else None


def _is_day(cell: str, order: DayOrder) -> bool:
    if whole(cell) is not None:
        return False
    try:
        day(cell, order)
    except NoDayError:
        return False
    return True


def is_count(column: Column, mark: Mark) -> bool:
    # What begins with a zero is a code, and a count would lose it.
    if NUMBERS_OF_PERSONS.search(column.key):
        return False
    coded = any(len(cell) > 1 and cell.startswith("0") and cell.isdigit() for cell in column.cells)
    return not coded and column.reads(lambda cell: _count(cell, mark))


def _count(cell: str, mark: Mark) -> int | None:
    value = whole(cell, mark)
    return value if value is not None and value <= MOST_COUNT else None


def is_number(column: Column, mark: Mark) -> bool:
    return column.reads(lambda cell: decimal(cell, mark)) and not column.reads(_long)


def _long(cell: str) -> int | None:
    return whole(cell) if (whole(cell) or 0) > MOST_COUNT else None


def separator(column: Column) -> Separator | None:
    """
    Return what parts the choices in cells of several, None where each cell is one choice.

    A part that stands in different cells, alone or beside others, tells choices from a label that
    has the separator in it. Where all cells are the same, single words parted by strokes do.
    """
    each: Separator
    for each in get_args(Separator)[1:]:
        cells = [parts(cell, each) for cell in column.different]
        several = any(len(cell) > 1 for cell in cells)
        if several and (_shared(cells) or (each == "/" and _same_words(cells))):
            return each
    if all(CODES.fullmatch(cell) for cell in column.different):
        cells = [cell.split(" ") for cell in column.different]
        if any(len(cell) > 1 for cell in cells) and _shared(cells):
            return " "
    return None


def parts(cell: str, of: str) -> list[str]:
    return [part.strip() for part in cell.split(of) if part.strip()]


def _same_words(cells: Sequence[Sequence[str]]) -> bool:
    return len(cells) == 1 and all(WORD.fullmatch(part) for part in cells[0])


def _shared(cells: Sequence[Sequence[str]]) -> bool:
    times = Counter(part for cell in cells for part in set(cell))
    short = all(len(part) <= MOST_LABEL for part in times)
    return short and len(times) <= MOST_CHOICES and max(times.values(), default=0) > 1


def is_chosen(different: Counter[str]) -> bool:
    """Say whether words are choices of a list, and not free: few, short, and told again."""
    few = len(different) <= MOST_CHOICES and len(different) * OFTEN <= different.total()
    return few and all(len(word) <= MOST_LABEL for word in different)


def population(column: Column) -> str | None:
    """Return whom a column counts as a whole, by its name in the field's codes."""
    found = FIGURE.search(column.key)
    return POPULATIONS[found[1][0]] if found else None
