"""A mapping: as told (MappingIn), as kept in its versions, as shown (MappingOut)."""

import re
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Strict, Text, readable
from services.registration.imports.rules import ASIDE, DAYS, OPTIONAL, REQUIRED
from services.registration.persons.births import Calendar
from services.registration.tables import Table

FULL_NAME = "full_name"
"""Stands for a name in one cell, which is divided only in the way that the mapping says."""
FIELDS = tuple(name for name in (*REQUIRED, *OPTIONAL) if name not in ASIDE)
BIRTH_DATE = "birth_date"
MOST_COLUMNS, MOST_VALUES = 200, 5000
LONGEST = 300
"""So many letters of a column's name, or of what stands in a cell, are told apart."""
BREAKS = re.compile(r"\s*[\t\n\v\f\r\x85\u2028\u2029]\s*")


def as_header(text: str) -> str:
    """
    Return the name of a column as a mapping has it, which is empty where nothing of it is seen.

    It is composed, in one line and cut: workbooks break long names, and forms ask whole sentences.
    """
    line = BREAKS.sub(" ", text.strip())[:LONGEST]
    seen = "".join(filter(str.isprintable, line))
    for told in (line, seen):
        with suppress(ValueError):
            return readable(told)
    return seen.strip()


def _named(text: str) -> str:
    if name := as_header(text):
        return name
    raise ValueError("names no column: nothing of it can be seen")


def _known(field: str) -> str:
    if field not in FIELDS:
        raise ValueError(f"is none of: {', '.join(FIELDS)}")
    return field


def _known_or_full_name(field: str) -> str:
    return field if field == FULL_NAME else _known(field)


Header = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=LONGEST), AfterValidator(_named)
]
Cell = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=LONGEST)]
DayOrder = Literal["ymd", "dmy", "mdy"]
NamePart = Literal["given_name", "father_name", "grandfather_name", "family_name"]


class ColumnIn(Strict):
    """
    What one column of a file tells.

    `values` says what its cells mean, by code or label, letter case aside; what is not among them
    is taken as it stands, and `-`, `N/A` or غير معروف tell nothing. Where a field has several
    texts, several codes may stand in a cell, as forms write choices. `day_order` is in which order
    dates are written, `calendar` in which calendar. Only a `full_name` has `parts`: in this order
    its words are dealt out, a word like Abd or Ben together with the one after it; with fewer words
    the middle parts stay empty.
    """

    column: Header
    field: Annotated[
        str,
        AfterValidator(_known_or_full_name),
        Shape(json_schema_extra={"enum": [*FIELDS, FULL_NAME]}),
    ]
    values: dict[Cell, Cell] = Shape(default={}, max_length=MOST_VALUES)
    day_order: DayOrder = "ymd"
    calendar: Calendar | None = None
    parts: list[NamePart] = Shape(default=[], max_length=4)

    @model_validator(mode="after")
    def _fits_the_field(self) -> Self:
        if (self.field == FULL_NAME) != bool(self.parts):
            raise ValueError("a full name has parts, and nothing else has")
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("names a part twice")
        if self.day_order != "ymd" and self.field not in DAYS:
            raise ValueError("has an order of day and month, and is no date")
        if self.calendar and self.field != BIRTH_DATE:
            raise ValueError("has a calendar, and is no date of birth")
        return self

    def told(self) -> list[str]:
        """Return the fields that this column fills in."""
        return list(self.parts) if self.parts else [self.field]


class MappingIn(Strict):
    """
    How a file's columns become registrations; the same field from two: the first that is filled.

    Of `other_phones`, `other_names` and `languages` all columns that are filled count. `constants`
    count where no column says anything: with the `birth_date_precision` `unknown`, of whom no birth
    is told. `repeat` is the repeated group of a form whose entries are the people; what is asked
    outside of it then counts for each of them.
    """

    name: Text
    columns: list[ColumnIn] = Shape(min_length=1, max_length=MOST_COLUMNS)
    constants: dict[Annotated[str, AfterValidator(_known)], Cell] = Shape(
        default={}, json_schema_extra={"propertyNames": {"enum": [*FIELDS]}}
    )
    repeat: Header | None = None

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        pairs = [(each.column, each.field) for each in self.columns]
        if len(set(pairs)) != len(pairs):
            raise ValueError("says twice that a column tells a field")
        return self

    def fields(self) -> set[str]:
        """Return every field that may be filled in."""
        return {name for each in self.columns for name in each.told()} | set(self.constants)


class Mapping(Table, table=True):
    """A mapping by its name; what it says is in its versions, of which none ever changes."""

    __table_args__ = (UniqueConstraint("organisation", "name"), Index(None, "organisation", "id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    name: str
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(organisation=col(Mapping.organisation))


class MappingVersion(Table, table=True):
    """What a mapping said from one correction to the next: imports go on by the one they began."""

    __tablename__ = "mapping_version"

    mapping_id: UUID = Field(foreign_key="mapping.id", primary_key=True)
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JSON)
    made_by: str
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)

    def told(self) -> MappingIn:
        # What was accepted once is not checked again: codes may have gone out of use since.
        columns = [ColumnIn.model_construct(**each) for each in self.content["columns"]]
        return MappingIn.model_construct(**self.content | {"columns": columns})


class MappingOut(BaseModel):
    id: UUID
    name: str
    version: int
    columns: list[ColumnIn]
    constants: dict[str, str]
    repeat: str | None
    made_by: str
    made_at: datetime


class MappingsOut(BaseModel):
    items: list[MappingOut]
    next_cursor: str | None


class MappingVersionsOut(BaseModel):
    items: list[MappingOut]
