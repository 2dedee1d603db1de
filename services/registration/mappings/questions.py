"""What a file asks for: the columns of a table, or the questions of a form, and their answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chassis import sheets
from chassis.tabular import MOST_TITLES, Line, are_tags, lines_of
from chassis.uploads import Upload, decode
from services.registration.mappings import words
from services.registration.mappings.models import as_header
from services.registration.mappings.repeats import KEY, PARENT_KEY, UUID, is_of_group

SAMPLE = 500
SURVEY, CHOICES = "survey", "choices"
NUMBER_OF_KOBO = "_id"
KEYS = frozenset({KEY, PARENT_KEY})
KEPT_BY_THE_DEVICE = "start end deviceid username phonenumber audit"
NO_TEXT = "note image audio video file geopoint geotrace geoshape"
UNASKED = frozenset(f"{KEPT_BY_THE_DEVICE} {NO_TEXT}".split(" "))


@dataclass
class Question:
    """A column or a question: where it is found, what it is called, and what is answered to it."""

    column: str
    names: list[str]
    answers: dict[str, list[str]] = field(default_factory=dict)
    """Each answer with the labels it has, if it is a code."""
    repeat: str | None = None


def questions_of(upload: Upload) -> list[Question]:
    """Return what a file asks for: an XLSForm, or a register in CSV or XLSX."""
    if not sheets.is_workbook(upload.content):
        return _of_register(lines_of(decode(upload)))
    found = sheets.sheets(upload.content, counts=False)
    if SURVEY in found:
        return of_form(found[SURVEY], found.get(CHOICES, []))
    groups = {name: lines for name, lines in found.items() if lines and is_of_group(lines[0][1])}
    form = next(iter(found.values()))
    if not groups:
        # An import reads the first sheet that has something too.
        return _of_register(next(filter(None, found.values()), []))
    # A file of ODK Central is called as that of the form, and as the group.
    called = f"{next(iter(found))}-"
    of_groups = (
        each
        for name, lines in groups.items()
        for each in of_table(lines, name.strip().removeprefix(called))
    )
    # By the numbers of a form nobody is told from others of the same household.
    asked = (*of_table(form), *of_groups)
    return [each for each in asked if not each.column.startswith("_") and each.column not in KEYS]


def of_table(lines: Sequence[Line], repeat: str | None = None) -> list[Question]:
    """Return the columns of a file with what stands in their first rows."""
    if not lines:
        return []
    (_, header), *body = lines
    questions = []
    for at, name in enumerate(header):
        cells = (cells[at].strip() for _, cells in body[:SAMPLE] if at < len(cells))
        if column := as_header(name):
            answers: dict[str, list[str]] = {cell: [] for cell in cells if cell}
            questions.append(Question(column, _names(column), answers, repeat))
    return questions


def _of_register(lines: Sequence[Line]) -> list[Question]:
    """Return the columns of a table of people; by live intake a submission is known by its uuid."""
    asked = of_table(_below_titles(lines))
    has_uuid = any(each.column == UUID for each in asked)
    return [each for each in asked if not has_uuid or each.column != NUMBER_OF_KOBO]


def _below_titles(lines: Sequence[Line]) -> Sequence[Line]:
    """
    Return the lines from the header on, which is the first of those with the most known names.

    Above it may stand titles, notes, and words for several columns at once.
    """
    first = lines[: MOST_TITLES + 1]
    known = [0 if are_tags(cells) else sum(map(_is_named, cells)) for _, cells in first]
    if known and max(known) > max(known[0], 1):
        return lines[known.index(max(known)) :]
    while len(lines) > 1 and _is_title(lines[0][1]) and not _is_title(lines[1][1]):
        lines = lines[1:]
    return lines


def _is_named(name: str) -> bool:
    found = (words.fields_of(each) for each in _names(as_header(name)))
    return any(each.score >= words.FITS for fields in found for each in fields.values())


def _names(column: str) -> list[str]:
    """Return what a column is called: a form's question after the groups that it is in."""
    return [column, column.rpartition("/")[2]]


def _is_title(cells: Sequence[str]) -> bool:
    """Say whether a line has one cell, as the title above a table does."""
    return sum(map(bool, map(str.strip, cells))) == 1


def of_form(survey: Sequence[Line], choices: Sequence[Line]) -> list[Question]:
    """Return the questions of an XLSForm by the paths under which they are exported and sent."""
    lists: dict[str, dict[str, list[str]]] = {}
    for row in _rows(choices):
        labels = [text.strip() for key, text in row.items() if key.startswith("label") and text]
        code = row.get("name", "").strip()
        lists.setdefault(row.get("list_name", "").strip(), {})[code] = labels
    questions: list[Question] = []
    groups: list[tuple[str, bool]] = []
    for row in _rows(survey):
        kind, name = " ".join(row.get("type", "").split()), row.get("name", "").strip()
        head = kind.replace(" ", "_")
        if head in {"begin_group", "begin_repeat"}:
            groups.append((name, head == "begin_repeat"))
        elif head in {"end_group", "end_repeat"}:
            groups = groups[:-1]
        elif name and kind.partition(" ")[0] not in UNASKED:
            labels = [text for key, text in row.items() if key.startswith("label") and text]
            path = as_header("/".join([group for group, _ in groups] + [name]))
            chosen = kind.removesuffix(" or_other").partition(" ")[2]
            answers = lists.get(chosen, {}) if kind.startswith("select_one") else {}
            questions.append(Question(path, [name, *labels], answers, _repeat(groups)))
    return questions


def _rows(lines: Sequence[Line]) -> Iterable[dict[str, str]]:
    if lines:
        (_, header), *body = lines
        # A form may have `list name` for `list_name`, in capitals too.
        names = [name.strip().lower().replace(" ", "_") for name in header]
        for _, cells in body:
            yield dict(zip(names, cells, strict=False))


def _repeat(groups: Sequence[tuple[str, bool]]) -> str | None:
    """Return the path of the innermost repeated group."""
    last = max((at for at, (_, repeated) in enumerate(groups) if repeated), default=None)
    return None if last is None else "/".join(name for name, _ in groups[: last + 1])
