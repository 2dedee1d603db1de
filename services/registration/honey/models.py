"""Planted persons, and who opened one: as kept (HoneyRecord, Alert), as told (AlertOut)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Strict
from services.registration.tables import Table

Finding = Literal["harmless", "misuse"]


class HoneyRecord(Table, table=True):
    """
    A person who does not exist, and whom nobody has a reason to open.

    Nothing in their own rows says so. `subject_hash` is what stands for them in the audit.
    """

    __tablename__ = "honey_record"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(unique=True)
    subject_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    external_id: str
    organisation: str
    location_pcode: str
    planted_by: str
    planted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Alert(Table, table=True):
    """An account opened a planted person, once or more often until somebody has looked at it."""

    __table_args__ = (Index(None, "account"), Index(None, "reviewed_at"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, index=True)
    organisation: str
    location_pcode: str
    account: str
    account_organisation: str
    roles: str
    action: str
    resource: str
    openings: int = 1
    opened_at: datetime = Field(sa_type=UtcDateTime)
    last_opened_at: datetime = Field(sa_type=UtcDateTime)
    raised_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    finding: str | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class DeniedReads(Table, table=True):
    """How often an account asked in an hour for a record that is not there, or not for it."""

    __tablename__ = "denied_reads"

    account: str = Field(primary_key=True)
    hour: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    reads: int


class FrozenAccount(Table, table=True):
    """An account that registration answers no more, until the alert is found to be harmless."""

    __tablename__ = "frozen_account"

    account: str = Field(primary_key=True)
    alert_id: UUID
    frozen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class WatchPosition(Table, table=True):
    """Up to which seal the audit has been looked through."""

    __tablename__ = "watch_position"

    name: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)


HONEY_SCOPING = Scoping(
    organisation=col(HoneyRecord.organisation), place=col(HoneyRecord.location_pcode)
)
ALERT_SCOPING = Scoping(organisation=col(Alert.organisation), place=col(Alert.location_pcode))


class HoneyOut(BaseModel):
    id: UUID
    person_id: UUID
    external_id: str
    location_pcode: str
    planted_by: str
    planted_at: datetime


class HoneysOut(BaseModel):
    items: list[HoneyOut]
    next_cursor: str | None


class AlertOut(BaseModel):
    """
    Which account opened a planted person, by what, how often, and what it was denied meanwhile.

    `denied_reads` counts the records of the last 24 hours that it asked for and did not get.
    """

    id: UUID
    person_id: UUID | None
    account: str
    account_organisation: str
    roles: list[str]
    action: str
    resource: str
    openings: int
    opened_at: datetime
    last_opened_at: datetime
    raised_at: datetime
    denied_reads: int
    frozen: bool
    status: Literal["unreviewed", "reviewed"]
    finding: Finding | None
    reviewed_by: str | None
    reviewed_at: datetime | None


class AlertsOut(BaseModel):
    items: list[AlertOut]
    next_cursor: str | None


class AlertReviewIn(Strict):
    """`harmless` lets a frozen account in again; `misuse` freezes it, or leaves it frozen."""

    finding: Finding
