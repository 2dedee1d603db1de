"""Searches, as kept: who asked when, and a keyed hash of what for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from services.registration.tables import Table


class Search(Table, table=True):
    """One search of one user; `attributes` names what was searched by, never the words."""

    __table_args__ = (Index(None, "searched_by", "searched_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    searched_by: str
    organisation: str
    attributes: str
    terms_hash: str
    searched_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
