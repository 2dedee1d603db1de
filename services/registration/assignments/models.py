"""Who carries a person's case beside whoever registered them (AssignmentIn, Assignment, …Out)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Index
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Strict
from services.registration.tables import Table


class AssignmentIn(Strict):
    """Whose case it becomes too: the id that their token has as `sub`."""

    worker_id: Code


class Assignment(Table, table=True):
    """
    A person's case in a worker's hands, until it ends.

    It counts for the roles that are held "asg" in the matrix, and only where the worker's own
    role counts: an assignment gives nobody a role, a place or an organisation.
    """

    __table_args__ = (
        Index(None, "worker_id", "person_id"),
        Index(None, "person_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    worker_id: str
    assigned_by: str
    starts_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AssignmentOut(BaseModel):
    id: UUID
    person_id: UUID
    worker_id: str
    assigned_by: str
    starts_at: datetime


class AssignmentsOut(BaseModel):
    items: list[AssignmentOut]
