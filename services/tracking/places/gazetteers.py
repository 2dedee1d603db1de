"""Gazetteers as files: COD-AB tables in CSV and XLSX, and GeoJSON with such properties."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis import sheets
from chassis.problems import Fault, Problem
from chassis.uploads import Row, Upload, decode, read_table, rows_of

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
MOST_FEATURES = 20_000


@dataclass(frozen=True)
class Gazetteer:
    """A list of places of one level; `shapes` are the geometries by line, unchecked."""

    name: str
    level: int
    rows: list[Row]
    shapes: dict[int, Any] = field(default_factory=dict)


def columns(level: int) -> tuple[str, str, str]:
    return f"adm{level}_pcode", f"adm{level}_en", f"adm{level}_ar"


def french(level: int) -> str:
    return f"adm{level}_fr"


def read(upload: Upload) -> Gazetteer:
    """
    Return the places that a file lists; each row tells the places above its own as well.

    The whole file is refused when its columns are not those of one level and all above it.
    """
    if sheets.is_workbook(upload.content):
        (number, head), *body = sheets.lines(upload.content) or [(1, [])]
        head = [canonical(name) for name in head]
        level = _deepest(head)
        return Gazetteer(upload.name, level, rows_of([(number, head), *body], *_known(level)))
    text = decode(upload)
    if text.lstrip().startswith("{"):
        return _features(upload.name, text)
    line, end, rest = text.partition("\n")
    head = re.split(r"[,;\t]", line)
    level = _deepest([canonical(name) for name in head])
    separators = re.findall(r"[,;\t]", line)
    line = "".join(
        canonical(name) + separator for name, separator in zip(head, [*separators, ""], strict=True)
    )
    return Gazetteer(upload.name, level, read_table(line + end + rest, *_known(level)))


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
    required = [name for each in range(1, level + 1) for name in columns(each)]
    languages = [french(each) for each in range(1, level + 1)]
    return required, [*languages, *columns(0), french(0), *TOLD, *BESIDE]


def _features(name: str, text: str) -> Gazetteer:
    found = _collection(text)
    rows: list[Row] = []
    shapes: dict[int, Any] = {}
    for line, feature in enumerate(found, 1):
        rows.append(Row(line, _properties(feature)))
        shapes[line] = feature.get("geometry") if isinstance(feature, Mapping) else None
    head = sorted({column for row in rows for column in row.cells})
    level = _deepest(head)
    required, optional = _known(level)
    empty = dict.fromkeys([*required, *optional], "")
    rows = [Row(row.line, empty | row.cells) for row in rows]
    return Gazetteer(name, level, rows, shapes)


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
