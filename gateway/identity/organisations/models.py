"""Who works here (Organisation), and whose people another one may see (SharingAgreement)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Shape
from sqlalchemy import JSON
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Moment, Strict, Text
from gateway.identity.roles import Place
from gateway.tables import Table


class OrganisationIn(Strict):
    code: Code
    name: Text


class Organisation(Table, table=True):
    """An organisation, by the code that its people's tokens and its records carry."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(unique=True)
    name: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class OrganisationOut(BaseModel):
    id: UUID
    code: str
    name: str
    created_at: datetime


class OrganisationsOut(BaseModel):
    items: list[OrganisationOut]
    next_cursor: str | None


class AgreementIn(Strict):
    """`reader` may see people of `giver` at the places, until the agreement ends."""

    reference: Text
    giver: Code
    reader: Code
    places: list[Place] = Shape(min_length=1, max_length=20)
    until: Moment


class SharingAgreement(Table, table=True):
    """An agreement as it was asked for; it opens nothing before `approved_at`."""

    __tablename__ = "sharing_agreement"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str
    giver: str
    reader: str = Field(index=True)
    places: list[str] = Field(sa_type=JSON)
    until: datetime = Field(sa_type=UtcDateTime)
    asked_by: str
    asked_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AgreementOut(BaseModel):
    id: UUID
    reference: str
    giver: str
    reader: str
    places: list[str]
    until: datetime
    state: Literal["waiting", "in force", "ended"]
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None


class AgreementsOut(BaseModel):
    items: list[AgreementOut]
    next_cursor: str | None
