"""A person's own request about their record (RequestIn, SubjectRequest, RequestOut)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Strict
from services.registration.tables import Table

Kind = Literal["access", "correction", "erasure", "complaint"]


class RequestIn(Strict):
    """Who asks, and for what; one for access lets the officer see the file while it is open."""

    person_id: UUID
    kind: Kind


class SubjectRequest(Table, table=True):
    """It counts until it is closed, and at most until `until`."""

    __tablename__ = "subject_request"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, index=True)
    organisation: str
    kind: str
    opened_by: str
    opened_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    closed_by: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(SubjectRequest.organisation),
    created_by=col(SubjectRequest.opened_by),
    created_at=col(SubjectRequest.opened_at),
)


class RequestOut(BaseModel):
    """`person_id` is null when the person was erased since."""

    id: UUID
    person_id: UUID | None
    kind: Kind
    opened_by: str
    opened_at: datetime
    until: datetime
    closed_by: str | None
    closed_at: datetime | None


class RequestsOut(BaseModel):
    items: list[RequestOut]
    next_cursor: str | None
