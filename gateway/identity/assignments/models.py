"""A role that somebody holds: as asked for (AssignmentIn), kept (Assignment), shown (…Out)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Shape
from sqlalchemy import JSON
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Moment, Strict
from gateway.identity.roles import Place, Role
from gateway.tables import Table

MOST_PLACES = 100


class AssignmentIn(Strict):
    """
    Who shall hold which role, for which organisation, where, in which programmes, until when.

    `holder` is the id of a person (`user-…`) or a client; no programme named means all of them.
    """

    holder: Code
    role: Role | Literal["admin"]
    organisation: Code
    places: list[Place] = Shape(min_length=1, max_length=MOST_PLACES)
    programmes: list[UUID] = Shape(default=[], max_length=MOST_PLACES)
    until: Moment | None = None


State = Literal["waiting", "in force", "ended"]


class Assignment(Table, table=True):
    """
    A role held, or asked for (`approved_at` is none) by whoever made it.

    The installation makes those of its own clients; nobody asked for them.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    holder: str = Field(index=True)
    role: str
    organisation: str
    places: list[str] = Field(sa_type=JSON)
    programmes: list[str] = Field(default_factory=list, sa_type=JSON)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    asked_by: str | None = None
    asked_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AssignmentOut(BaseModel):
    id: UUID
    holder: str
    role: str
    organisation: str
    places: list[str]
    programmes: list[str]
    until: datetime | None
    state: State
    asked_by: str | None
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None


class AssignmentsOut(BaseModel):
    items: list[AssignmentOut]
    next_cursor: str | None
