"""An entitlement: the right of one person, or of one household, to a programme's item, once."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Index, text
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from services.assistance.tables import Table

Status = Literal["open", "delivered", "closed"]
OF_ONE_PERSON = text("household_id IS NULL")


class Entitlement(Table, table=True):
    """
    Of a household `person_id` is who stands for it: who receives for it, or its head, or a member.

    By them it is found and seen, as if it were theirs.
    """

    __table_args__ = (
        Index(
            "uq_entitlement_programme_id_person_id",
            "programme_id",
            "person_id",
            unique=True,
            sqlite_where=OF_ONE_PERSON,
            postgresql_where=OF_ONE_PERSON,
        ),
        Index(
            "uq_entitlement_programme_id_household_id", "programme_id", "household_id", unique=True
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme_id: UUID = Field(foreign_key="programme.id", index=True)
    person_id: UUID | None = Field(default=None, index=True)
    household_id: UUID | None = Field(default=None, index=True)
    status: str = Field(default="open", index=True)
    closed_because: str | None = None
    version: int = 1
    opened_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Served(Table, table=True):
    """
    That somebody had their part in what their household was given by a programme.

    It stays with them wherever they live afterwards: no household with them in it is given another.
    """

    programme_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True, index=True)
    entitlement_id: UUID = Field(foreign_key="entitlement.id", index=True)


class EntitlementOut(Shown, shape="entitlement"):
    """
    `closed_because` says why an entitlement ended without being delivered.

    With a `household_id` it is all of the household's, and `person_id` is who stands for it.
    """

    id: UUID
    programme_id: UUID
    person_id: Maskable[UUID]
    household_id: Maskable[UUID | None]
    status: Maskable[Status]
    closed_because: Maskable[str | None]
    version: int
    opened_at: datetime


class EntitlementsOut(BaseModel):
    items: list[EntitlementOut]
    next_cursor: str | None
