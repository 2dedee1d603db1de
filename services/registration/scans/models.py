"""Scans of papers: as kept (DocumentScan, sealed), as shown (ScanOut)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import LargeBinary
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from services.registration.tables import Table


class DocumentScan(Table, table=True):
    """One page or file; a paper may have several, and they are never changed."""

    __tablename__ = "document_scan"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    document_type: str
    media_type: str
    size: int
    content: bytes = Field(sa_type=LargeBinary)
    added_by: str
    added_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ScanOut(Shown, shape="document_scan"):
    """A scan; `file` is where it is, for whoever may see the paper's number. `size` is in bytes."""

    id: UUID
    person_id: UUID
    document_type: Maskable[str]
    media_type: str
    size: int
    file: Maskable[str]
    added_by: str
    added_at: datetime


class ScanAdded(Shown, shape="document_scan_added"):
    """That a scan was kept; whoever adds one need not be able to see it."""

    id: UUID
    person_id: UUID
    media_type: str
    size: int
    added_at: datetime


class ScansOut(BaseModel):
    items: list[ScanOut]
    next_cursor: str | None
