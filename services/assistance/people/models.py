"""Assistance's own small copy of the people in the register, fed by events."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Index
from sqlmodel import Field

from chassis.fields import Maskable, Shown
from chassis.subject_file import FileRequestColumns
from chassis.tables import table_on
from services.assistance.entitlements.models import Status
from services.assistance.tables import Table


class Person(Table, table=True):
    """
    What assistance must know of a person: never a name.

    Somebody who departed may be known by that alone, when the news of it was the first to come.
    """

    id: UUID = Field(primary_key=True)
    population_category: str | None = None
    location_pcode: str | None = Field(default=None, index=True)
    registered_on: date | None = None
    departed_on: date | None = None
    organisation: str | None = None
    registered_by: str | None = None
    case_owner: str | None = Field(default=None, index=True)
    version: int = 0
    """Of the record in the register that category and place are from; 0: not heard of yet."""
    merged_into: UUID | None = Field(default=None, index=True)
    merge_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Assignment(Table, table=True):
    """In whose hands a person's case is too; registration's own, by the same id."""

    __table_args__ = (Index(None, "worker_id", "person_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID
    worker_id: str
    ended: bool = False


FileRequest = table_on(Table, "FileRequest", FileRequestColumns)


class EntitlementOfPerson(BaseModel):
    id: UUID
    programme_id: UUID
    programme: str
    item: str
    status: Maskable[Status]


class PersonOut(Shown, shape="person_in_assistance"):
    """
    What assistance knows of a person.

    The entitlements are those of each of their registrations; of one that is `merged_into` another
    nothing is opened any more. The household is theirs as the register has it now, with who
    receives for all of it.
    """

    id: UUID
    status: Maskable[Literal["known", "departed"]]
    merged_into: UUID | None
    departed_on: Maskable[date | None]
    household_id: Maskable[UUID | None]
    household_size: Maskable[int | None]
    household_head_person_id: Maskable[UUID | None]
    household_collector_person_id: Maskable[UUID | None]
    household_alternate_person_id: Maskable[UUID | None]
    entitlements: list[EntitlementOfPerson]
