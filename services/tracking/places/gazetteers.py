"""Gazetteers as files: COD-AB tables in CSV and XLSX, and GeoJSON with such properties."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import sheets
from chassis.problems import Fault, Problem
from chassis.tabular import Line, Row, are_tags, lines_of, rows_of
from chassis.uploads import Upload, decode

LEVELS = (1, 2, 3, 4)
OLD_NAME = re.compile(r"admin([0-4])name(?:_(en|ar|fr))?|admin([0-4])(pcode)")
"""How COD-AB wrote its columns before 2024: admin2Name_en, admin2Pcode."""
SAME = {
    "validon": "valid_from",
    "valid_on": "valid_from",
    "validto": "valid_until",
    "valid_to": "valid_until",
    "center_lat": "latitude",
    "center_lon": "longitude",
    "y_coord": "latitude",
    "x_coord": "longitude",
}
TOLD = ("latitude", "longitude", "valid_from", "valid_until")
BESIDE = ("date", "area_sqkm", "version", "lang", "lang1", "lang2", "lang3", "iso2", "iso3")
"""What COD-AB tells besides, and is not kept."""
NAME_BY_NUMBER = re.compile(r"adm([0-4])_name([1-3]?)")
"""How COD-AB writes names since 2024; which language each is in, `lang`, `lang1` and so on tell."""
FLAT = {"pcode", "parent_pcode", "parent", "level", "name", "name_en", "name_ar", "name_fr"}
"""The columns of a list of places that names only the place above each."""
MOST_FEATURES = 20_000


@dataclass(frozen=True)
class Gazetteer:
    """
    A list of places of one level; `shapes` are the geometries by line, unchecked.

    `left` are the columns of which nothing is kept. The rows of a `sparse` one need not tell the
    places above their own.
    """

    name: str
    level: int
    rows: list[Row]
    shapes: dict[int, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    sparse: bool = False


def columns(level: int) -> tuple[str, str, str]:
    return f"adm{level}_pcode", f"adm{level}_en", f"adm{level}_ar"


def french(level: int) -> str:
    return f"adm{level}_fr"


def read(upload: Upload) -> list[Gazetteer]:
    """
    Return the places that a file lists; each row tells the places above its own as well.

    A list of `pcode` and `parent_pcode` is one gazetteer a level. The whole file is refused when
    its columns are not those of one level; what nothing is kept of is named in `left`.
    """
    if sheets.is_workbook(upload.content):
        return _table(upload.name, sheets.lines(upload.content))
    text = decode(upload)
    if text.lstrip().startswith(("{", "[")):
        return [_features(upload.name, text)]
    return _table(upload.name, lines_of(text))


def _table(name: str, lines: Sequence[Line]) -> list[Gazetteer]:
    (number, head), *body = lines or [(1, [])]
    head = _by_language([canonical(column) for column in head], [cells for _, cells in body])
    if "pcode" in head:
        rows = rows_of([(number, head), *body], ["pcode"], others=True)
        return _of_levels(name, rows, sorted({*head} - FLAT - {*TOLD, *BESIDE, ""}))
    level = _deepest(head)
    required, optional = _known(level)
    left = sorted({*head} - {*required, *optional, ""})
    deeper = [f"adm{each}" for each in LEVELS if each > level]
    # Left out would be what the file is about.
    may_be_left = not any(column.startswith(each) for column in left for each in deeper)
    rows = rows_of([(number, head), *body], required, optional, others=may_be_left)
    return [Gazetteer(name, level, rows, left=left)]


def _by_language(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return a header in which adm2_name1 is named by its language, which another column tells."""
    told = next((cells for cells in body if not are_tags(cells)), [])
    first = dict(zip(head, told, strict=False))
    found = list(head)
    for at, column in enumerate(head):
        if named := NAME_BY_NUMBER.fullmatch(column):
            number = named[2]
            language = first.get(f"lang{number}", "").strip() or ("" if number else "en")
            found[at] = f"adm{named[1]}_{language}" if language else column
    return found


def _of_levels(name: str, rows: Sequence[Row], left: list[str]) -> list[Gazetteer]:
    """Return a list of places with their parents as a gazetteer of each level."""
    levels: dict[int, list[Row]] = {}
    for row in rows:
        pcode = row.cells["pcode"].strip()
        level = min(max((len(pcode) - len("LY")) // 2, LEVELS[0]), LEVELS[-1])
        above = columns(level - 1)[0]
        named = {
            f"adm{level}_{language}": row.cells.get(f"name_{language}", "")
            for language in ("en", "ar", "fr")
        }
        named[f"adm{level}_en"] = named[f"adm{level}_en"] or row.cells.get("name", "")
        empty = dict.fromkeys([column for each in range(1, level) for column in columns(each)], "")
        told = {column: row.cells[column] for column in TOLD if column in row.cells}
        parent = row.cells.get("parent_pcode", "") or row.cells.get("parent", "")
        own = {columns(level)[0]: pcode, above: parent}
        levels.setdefault(level, []).append(Row(row.line, empty | named | told | own))
    return [
        Gazetteer(name, level, found, left=left, sparse=True) for level, found in levels.items()
    ]


def canonical(name: str) -> str:
    """Return a column's name as COD-AB writes it now, whichever of its forms it has."""
    name = name.strip().strip('"').lower()
    if found := OLD_NAME.fullmatch(name):
        level, language, of_code, _ = found.groups()
        return f"adm{of_code}_pcode" if of_code else f"adm{level}_{language or 'en'}"
    return SAME.get(name, name)


def _deepest(head: list[str]) -> int:
    deepest = max((level for level in LEVELS if columns(level)[0] in head), default=0)
    if not deepest:
        fault = Fault(
            pointer="line/1", code="column_missing", detail="The column adm1_pcode is missing."
        )
        raise Problem(422, "table-header", "This is no gazetteer in COD-AB.", errors=[fault])
    return deepest


def _known(level: int) -> tuple[list[str], list[str]]:
    """Return which columns a table of a level must have, and which it may."""
    required = [columns(each)[0] for each in range(1, level + 1)]
    names = [name for each in range(1, level + 1) for name in columns(each)[1:]]
    languages = [french(each) for each in range(1, level + 1)]
    return required, [*names, *languages, *columns(0), french(0), *TOLD, *BESIDE]


def _features(name: str, text: str) -> Gazetteer:
    found = _collection(text)
    rows: list[Row] = []
    shapes: dict[int, Any] = {}
    for line, feature in enumerate(found, 1):
        rows.append(Row(line, _named(_properties(feature))))
        shapes[line] = feature.get("geometry") if isinstance(feature, Mapping) else None
    head = sorted({column for row in rows for column in row.cells})
    level = _deepest(head)
    required, optional = _known(level)
    empty = dict.fromkeys([*required, *optional], "")
    rows = [Row(row.line, empty | row.cells) for row in rows]
    return Gazetteer(name, level, rows, shapes, sparse=True)


def _named(told: dict[str, str]) -> dict[str, str]:
    columns_told = _by_language([*told], [[*told.values()]])
    return dict(zip(columns_told, told.values(), strict=True))


def _collection(text: str) -> list[Any]:
    try:
        told = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(422, "table-unreadable", "The file is not GeoJSON.") from None
    found = told.get("features") if isinstance(told, dict) else None
    if told.get("type") != "FeatureCollection" or not isinstance(found, list) or not found:
        detail = "Send a FeatureCollection of GeoJSON with at least one feature."
        raise Problem(422, "table-unreadable", detail)
    if len(found) > MOST_FEATURES:
        raise Problem(413, "body-too-large", f"Send at most {MOST_FEATURES} features at a time.")
    return found


def _no_number(word: str) -> float:
    raise ValueError(word)


def _properties(feature: Any) -> dict[str, str]:
    told = feature.get("properties") if isinstance(feature, Mapping) else None
    if not isinstance(told, Mapping):
        return {}
    return {
        canonical(name): str(value)
        for name, value in told.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }
