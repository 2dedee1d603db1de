"""A household or a group as it is kept, and who belongs to it from when until when."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from services.registration.tables import Table

Kind = Literal["household", "family", "group"]
Absence = Literal[
    "unaccompanied_child",
    "separated_child",
    "elsewhere",
    "detained",
    "missing",
    "died",
    "unknown",
]
"""Why a household has no head among its members."""
Came = Literal["registered", "added", "moved", "split", "joined", "corrected"]
Left = Literal["left", "moved", "split", "joined", "ended", "corrected"]

HOUSEHOLD: Kind = "household"
KNOWN_BY_ITS_REF = text("ended_on is null or joined_into is not null")
"""One that was dissolved is found by its reference no more; one that was joined leads on."""
UNTOLD = text("untold")
HERE = text("until is null")
HERE_IN_A_HOUSEHOLD = text("until is null and kind = 'household'")


class Household(Table, table=True):
    """
    People who live and are served together, or were found together.

    How many they are, of what sex and age, is nowhere kept: it follows from the members.
    `untold` says that it has changed since the other services were told of it; a change of what is
    untold anyway changes no index, which is most of what it costs. What a device has made has
    the id that it had given, and by `fingerprint` the same is known when it is sent again.
    """

    __table_args__ = (
        Index(
            "ix_household_reference",
            "organisation",
            "kind",
            "household_ref",
            unique=True,
            postgresql_where=KNOWN_BY_ITS_REF,
            sqlite_where=KNOWN_BY_ITS_REF,
        ),
        Index(None, "organisation", "id"),
        Index(None, "organisation", "client_id", unique=True),
        Index("ix_household_not_told", "id", postgresql_where=UNTOLD, sqlite_where=UNTOLD),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_number: str = Field(unique=True)
    kind: str = HOUSEHOLD
    organisation: str
    household_ref: str | None = None
    location_pcode: str
    head_absence: str | None = None
    collector_person_id: UUID | None = Field(default=None, index=True)
    alternate_person_id: UUID | None = Field(default=None, index=True)
    ended_on: date | None = None
    joined_into: UUID | None = Field(default=None, index=True)
    version: int = 1
    untold: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    client_id: UUID | None = None
    fingerprint: str | None = None
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Member(Table, table=True):
    """
    That a registered person belongs to a household; who has left stays in its history.

    The database itself lets nobody be in two households, or twice in one group.
    """

    __tablename__ = "household_member"
    __table_args__ = (
        Index(
            "ix_household_member_in_one_household",
            "person_id",
            unique=True,
            postgresql_where=HERE_IN_A_HOUSEHOLD,
            sqlite_where=HERE_IN_A_HOUSEHOLD,
        ),
        Index(
            "ix_household_member_once_in_each",
            "household_id",
            "person_id",
            unique=True,
            postgresql_where=HERE,
            sqlite_where=HERE,
        ),
        Index(None, "household_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    household_id: UUID
    person_id: UUID = Field(index=True)
    kind: str
    relationship_to_head: str | None = None
    since: date
    until: date | None = None
    came_because: str
    left_because: str | None = None
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_by: str | None = None
