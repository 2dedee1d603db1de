"""Returns' own small copy of the people in the register, fed by events."""

from typing import Literal
from uuid import UUID

from sqlalchemy import Index, exists
from sqlmodel import Field, col

from chassis.fields import Maskable, Shown
from chassis.scoping import Clause, Scoping, Who
from chassis.subject_file import FileRequestColumns, requested
from chassis.tables import table_on
from services.returns.tables import Table


class Person(Table, table=True):
    """Somebody registered: by whom and where is all that returns knows before it meets them."""

    id: UUID = Field(primary_key=True)
    organisation: str | None = None
    location_pcode: str | None = None
    registered_by: str | None = None
    case_owner: str | None = Field(default=None, index=True)
    version: int = 0
    """Of the record in the register that the place is from; 0: not heard of yet."""
    merged_into: UUID | None = Field(default=None, index=True)
    merge_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    vulnerability_level: str | None = None
    vulnerability_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Assignment(Table, table=True):
    """In whose hands a person's case is too; registration's own, by the same id."""

    __table_args__ = (Index(None, "worker_id", "person_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID
    worker_id: str
    ended: bool = False


def is_assigned(caller: Who) -> Clause:
    """Say in SQL whether a row of Person is of somebody whose case the caller carries."""
    handed_over = exists().where(
        col(Assignment.person_id) == col(Person.id),
        col(Assignment.worker_id) == caller.id,
        col(Assignment.ended).is_(False),
    )
    return (col(Person.case_owner) == caller.id) | handed_over


FileRequest = table_on(Table, "FileRequest", FileRequestColumns)

SCOPING = Scoping(
    organisation=col(Person.organisation),
    place=col(Person.location_pcode),
    created_by=col(Person.registered_by),
    assigned=is_assigned,
    conditions={"request": requested(FileRequest, col(Person.id))},
)


class ReintegrationOut(Shown, shape="reintegration"):
    """
    Whether somebody who goes home is to be helped there too, by how vulnerable they are.

    The level is the register's; null as long as nobody has assessed it.
    """

    person_id: UUID
    vulnerability_level: Maskable[Literal["low", "medium", "high", "critical"] | None]
    eligible: Maskable[bool]
