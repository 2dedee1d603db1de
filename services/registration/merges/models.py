"""Two registrations that are one person's, put together: as told, as kept, as shown."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict
from services.registration.tables import Table


class MergeIn(Strict):
    """Which of the two registrations goes on; the other one stays, and points to it."""

    keep: UUID


class Merge(Table, table=True):
    """One registration put under another, until it is undone; rows are kept, whatever follows."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    pair_id: UUID | None = Field(default=None, index=True)
    kept_id: UUID = Field(index=True)
    merged_id: UUID = Field(index=True)
    merged_by: str
    merged_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    undone_by: str | None = None
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MergeOut(BaseModel):
    """`undo_until` is when it can be taken back at the latest."""

    id: UUID
    kept_id: UUID
    merged_id: UUID
    merged_by: str
    merged_at: datetime
    undo_until: datetime
    undone_by: str | None
    undone_at: datetime | None
