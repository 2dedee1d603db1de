"""An export: as asked for (ExportIn), as kept (Export, its parts and people), as shown."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel
from pydantic import Field as Shape
from sqlalchemy import JSON, Index, LargeBinary
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Shown
from chassis.scoping import Scoping
from chassis.strict import Code, Pcode, Strict, Text
from services.registration.exports.rules import COLUMNS, MOST_ALONE, Column, Ending, Format, Status
from services.registration.persons.finding import Terms
from services.registration.persons.parts import CaseNumber, Category, Phone
from services.registration.tables import Table


def _each_once(columns: list[Column]) -> list[Column]:
    if len(set(columns)) != len(columns):
        raise ValueError("names a column twice")
    return columns


Flag = Annotated[bool, Shape(strict=True)]


class FilterIn(Strict):
    """Whom of those within reach; without any, all of them. A field that is masked is refused."""

    external_id: Code | None = None
    case_number: CaseNumber | None = None
    phone: Phone | None = None
    document_number: Text | None = None
    population_category: Category | None = None
    location_pcode: Pcode | None = None
    assigned_to_me: Flag = False

    def told(self) -> list[str]:
        """Return by what is filtered, without the values."""
        return sorted(self.model_dump(exclude_defaults=True))

    def terms(self) -> Terms:
        """Return by what one person is named, as the list of persons is searched by it."""
        return Terms(
            external_id=self.external_id,
            case_number=self.case_number,
            phone=self.phone,
            document_number=self.document_number,
        )


class ExportIn(Strict):
    """Which columns of whom, in which form; `right_to_left` is how a sheet is laid out."""

    format: Format
    columns: Annotated[
        list[Column], Shape(min_length=1, max_length=len(COLUMNS)), AfterValidator(_each_once)
    ]
    filter: FilterIn = FilterIn()
    right_to_left: Flag = False


class Export(Table, table=True):
    """
    A file that somebody has asked for: its way, and what is needed to make it.

    `behalf` is what the asker's token said, by which it is made; `most_rows` for how many people
    that was allowed. The filter is sealed under the export's own key, as the file is.
    """

    __table_args__ = (Index(None, "organisation", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    requested_by: str = Field(index=True)
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    behalf: dict[str, Any] = Field(sa_type=JSON)
    purpose: str
    format: str
    columns: list[str] = Field(sa_type=JSON)
    right_to_left: bool = False
    filtered_by: list[str] = Field(sa_type=JSON)
    filter: bytes = Field(sa_type=LargeBinary)
    rows: int
    most_rows: int = MOST_ALONE
    status: str = Field(index=True)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    parts: int = 0
    made_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    kept_until: datetime = Field(sa_type=UtcDateTime)
    ended_because: str | None = None


SCOPING = Scoping(
    organisation=col(Export.organisation),
    created_by=col(Export.requested_by),
    created_at=col(Export.requested_at),
)


class ExportPart(Table, table=True):
    """Some of the rows of a file, sealed under the key of the export."""

    __tablename__ = "export_part"

    export_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)


class ExportedPerson(Table, table=True):
    """That somebody is in a kept file: the file goes when they do."""

    __tablename__ = "exported_person"

    export_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True, index=True)


class ExportOut(Shown, shape="export"):
    """
    How far an export is: `rows` people were counted last, `kept_until` is when it ends.

    `waiting` for a second person, `making`, `ready` to be fetched; then `gone`, `refused` or
    `failed`. `filtered_by` names fields and no value.
    """

    id: UUID
    status: Status
    format: Format
    columns: list[Column]
    right_to_left: bool
    filtered_by: list[str]
    purpose: str
    rows: int
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    made_at: datetime | None
    kept_until: datetime
    ended_because: Ending | None


class ExportsOut(BaseModel):
    items: list[ExportOut]
    next_cursor: str | None
