"""What a submission of KoboToolbox or ODK Central says, without I/O."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from chassis.problems import Fault, Problem
from chassis.tabular import Row
from services.registration.intake.models import Source
from services.registration.mappings.models import MappingIn, as_header
from services.registration.mappings.rules import EXTERNAL_ID, mapped

MOST_PEOPLE, MOST_DEPTH = 200, 32
UUID_TEXT = re.compile(r"(?:uuid:)?([A-Za-z0-9][A-Za-z0-9-]{7,49})")
DECLARATION = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
ROOTS = ("meta/rootUuid", "__id", "meta/deprecatedID", "_uuid", "meta/instanceID")
"""What names a submission, the more lasting first: an edit is a new instance, and names the old."""
LATEST = ("meta/instanceID", "_uuid", "__id")
HOUSEHOLD_REF = "household_ref"
CREATED = "submission.create"


@dataclass(frozen=True)
class Sent:
    """One version of one submission; `names` are all by which it may be known."""

    names: tuple[str, ...]
    instance: str
    content: Mapping[str, Any]


def sent(source: Source, body: Mapping[str, Any]) -> Sent | None:
    """Return what was submitted; None when it is other news; 422 when it does not say which."""
    told: Mapping[str, Any] = body
    if source == "odk" and "data" in body and "type" in body:
        if body["type"] != CREATED:
            return None
        told = {"__id": body.get("id"), **_read_xml(body["data"])}
    cells, _ = _split(told, "", None)
    names = [name for key in ROOTS if (name := _uuid(cells.get(key)))]
    if not names:
        fault = Fault(pointer="/_uuid", code="missing", detail="Nothing names the submission.")
        raise Problem(422, "validation", "A submission has a uuid.", errors=[fault])
    instance = next(name for key in LATEST if (name := _uuid(cells.get(key))))
    return Sent(tuple(dict.fromkeys(names)), instance, told)


def _uuid(value: str | None) -> str | None:
    found = UUID_TEXT.fullmatch(value or "")
    return found[1] if found else None


def people(form: Mapping[str, Any], mapping: MappingIn, uuid: str) -> list[Row]:
    """
    Return a row of a register for each person of a submission, numbered from 1.

    Who has no number of their own is known by the submission's, and the people of a repeated group
    are one household unless the mapping says otherwise: those of one entry, where it is repeated
    within another group.
    """
    cells, lists = _split(form, "", mapping.repeat)
    entries = [("", cells)]
    if mapping.repeat:
        entries = [(of, cells | each) for of, each in _entries(lists, mapping.repeat)]
    rows = []
    for number, (of, each) in enumerate(entries[: MOST_PEOPLE + 1], 1):
        answers = {as_header(key): cell for key, cell in each.items()}
        row = mapped(mapping, Row(number, answers, typed=True))
        row.cells.setdefault(EXTERNAL_ID, f"{uuid}/{number}" if mapping.repeat else uuid)
        if mapping.repeat:
            row.cells.setdefault(HOUSEHOLD_REF, f"{uuid}{of}")
        rows.append(row)
    return rows


def canonical(content: Mapping[str, Any]) -> str:
    """Return what was answered, in one form, without what the server adds to it of its own."""
    answers = {
        key: value
        for key, value in content.items()
        if not key.startswith("_") and key.partition("/")[0] not in {"meta", "formhub"}
    }
    return json.dumps(answers, sort_keys=True, ensure_ascii=False)


def _entries(
    lists: Mapping[str, list[Any]], repeat: str, of: str = ""
) -> Iterator[tuple[str, dict[str, str]]]:
    """Return the answers of each entry, with the entries of other groups that it is within."""
    for path, entries in lists.items():
        for number, entry in enumerate(entries, 1):
            cells, deeper = _split(entry, path, repeat)
            if path == repeat:
                yield of, cells
            else:
                for inner, each in _entries(deeper, repeat, f"{of}/{number}"):
                    yield inner, cells | each


def _split(
    told: Mapping[str, Any], prefix: str, repeat: str | None
) -> tuple[dict[str, str], dict[str, list[Any]]]:
    """Return the answers by their path, those in groups too, and the repeated groups by theirs."""
    cells: dict[str, str] = {}
    lists: dict[str, list[Any]] = {}
    for key, value in told.items():
        # KoboToolbox writes the whole path in each key, ODK Central nests the groups.
        path = key if not prefix or key.startswith(f"{prefix}/") else f"{prefix}/{key}"
        if isinstance(value, dict) and path == repeat:
            lists[path] = [value]
        elif isinstance(value, dict):
            inner, deeper = _split(value, path, repeat)
            cells |= inner
            lists |= deeper
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            lists[path] = [each for each in value if isinstance(each, dict)]
        elif isinstance(value, list):
            cells[path] = " ".join(_text(each) for each in value)
        elif value is not None:
            cells[path] = _text(value)
    return cells, lists


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value}"


def _read_xml(data: Any) -> dict[str, Any]:
    """Return the answers of a submission in XML, which ODK Central keeps; 422 if it is none."""
    text = data.get("xml") if isinstance(data, dict) else None
    if not isinstance(text, str) or DECLARATION.search(text):
        raise _unreadable()
    try:
        root = ET.fromstring(text.encode())  # noqa: S314 - It declares no entity.
    except (ET.ParseError, ValueError, LookupError):
        raise _unreadable() from None
    found = _nested(root, depth=0)
    return found if isinstance(found, dict) else {}


def _nested(element: ET.Element, depth: int) -> Any:
    if depth > MOST_DEPTH:
        raise _unreadable()
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        value = _nested(child, depth + 1)
        if name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[name] = value
    return found


def _unreadable() -> Problem:
    fault = Fault(pointer="/data/xml", code="xml_unreadable", detail="Not a submission in XML.")
    return Problem(422, "validation", "The submission cannot be read.", errors=[fault])
