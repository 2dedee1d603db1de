"""A run of the retention policy (RetentionRun, RunOut), and the clock it goes by (LastService)."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from services.registration.retention.rules import Status
from services.registration.tables import Table


class LastService(Table, table=True):
    """The last day on which a person received something."""

    __tablename__ = "last_service"

    person_id: UUID = Field(primary_key=True)
    served_on: date


class RetentionRun(Table, table=True):
    """
    What was due on a day, and what became of it; one a day. It names nobody.

    All are numbers of people: whose whole record it is, and whose notes alone.
    """

    __tablename__ = "retention_run"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    as_of: date = Field(unique=True)
    policy_version: int
    due: int
    held: int
    erased: int = 0
    notes_due: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    notes_held: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    notes_erased: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    status: str
    requested_by: str
    decided_by: str | None = None
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DryRunOut(BaseModel):
    """
    What a run of today would do: `due` are erased, `held` are due too and kept by a hold.

    Of `notes_due` others the notes about health and protection are deleted, and nothing else.
    """

    as_of: date
    policy_version: int
    due: int
    held: int
    notes_due: int
    notes_held: int
    needs_second_person: bool


class RunOut(BaseModel):
    id: UUID
    as_of: date
    policy_version: int
    due: int
    held: int
    erased: int
    notes_due: int
    notes_held: int
    notes_erased: int
    status: Status
    requested_by: str
    decided_by: str | None
    created_at: datetime
    finished_at: datetime | None


class RunsOut(BaseModel):
    items: list[RunOut]
    next_cursor: str | None
