"""Assistance's own small copy of the households in the register, fed by events."""

from datetime import date
from uuid import UUID

from sqlmodel import Field

from services.assistance.tables import Table

HOUSEHOLD = "household"


class Household(Table, table=True):
    """Of people who live together: how many they are, and who receives for them."""

    id: UUID = Field(primary_key=True)
    version: int
    kind: str
    organisation: str
    location_pcode: str
    head_person_id: UUID | None = Field(default=None, index=True)
    collector_person_id: UUID | None = Field(default=None, index=True)
    alternate_person_id: UUID | None = Field(default=None, index=True)
    size: int
    ended_on: date | None = None
    joined_into: UUID | None = None


class Member(Table, table=True):
    """That somebody counts in a household now; who lived there before is registration's to know."""

    __tablename__ = "household_member"

    household_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True, index=True)
