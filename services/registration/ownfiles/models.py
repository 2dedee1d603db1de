"""Whose files are closed to a user because they are about them or theirs."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Code, Strict
from services.registration.tables import Table

Relation = Literal["self", "relative"]


class OwnFileIn(Strict):
    """A user, by the id in their token, and a person who is them or theirs."""

    user_id: Code
    person_id: UUID
    relation: Relation


class OwnFile(Table, table=True):
    """
    A person's file, and their household's, is closed to one user until the row is gone.

    It says of a user that somebody of theirs is registered, so few may read it.
    """

    __tablename__ = "own_file"
    __table_args__ = (UniqueConstraint("user_id", "person_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: str = Field(index=True)
    person_id: UUID = Field(index=True)
    relation: str
    organisation: str
    location_pcode: str
    flagged_by: str
    flagged_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(organisation=col(OwnFile.organisation), place=col(OwnFile.location_pcode))


class OwnFileOut(BaseModel):
    id: UUID
    user_id: str
    person_id: UUID
    relation: Relation
    flagged_by: str
    flagged_at: datetime


class OwnFilesOut(BaseModel):
    items: list[OwnFileOut]
    next_cursor: str | None
