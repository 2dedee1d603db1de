"""Papers of a person: as found by their number (DocumentIndex), as shown (DocumentOut)."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import LargeBinary
from sqlmodel import Field

from chassis.fields import Maskable, MaskedNumber
from services.registration.tables import Table


class DocumentIndex(Table, table=True):
    """By what the number of a paper is found again while the number itself is sealed."""

    __tablename__ = "document_index"

    person_id: UUID = Field(primary_key=True)
    number_index: bytes = Field(primary_key=True, sa_type=LargeBinary, index=True)


class DocumentOut(BaseModel):
    type: Maskable[str]
    number: MaskedNumber
    issuer: Maskable[str | None]
    expires_on: Maskable[date | None]
