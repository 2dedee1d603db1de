"""A person's session: how it begins (SessionIn), as kept (StaffSession), as shown (SessionOut)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints
from sqlalchemy import JSON
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Strict
from gateway.identity.staff.models import OneTimeCode, Secret
from gateway.tables import Table

Given = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]


class SessionIn(Strict):
    """Who it is, proved twice; `organisation` for whoever works for more than one."""

    name: Given
    password: Given
    code: OneTimeCode
    organisation: Code | None = None


class Renewal(Strict):
    refresh_token: Secret


class Confirmation(Strict):
    code: OneTimeCode


class StaffSession(Table, table=True):
    """A session from its login to its end; `id` is the `sid` of its tokens."""

    __tablename__ = "staff_session"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    holder: str = Field(index=True)
    organisation: str
    methods: list[str] = Field(sa_type=JSON)
    started_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    authenticated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_because: str | None = None


class RefreshToken(Table, table=True):
    """What renews a session once; shown a second time, it ends it."""

    __tablename__ = "refresh_token"

    secret_hash: str = Field(primary_key=True)
    session_id: UUID = Field(index=True)
    until: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SessionOut(BaseModel):
    """Tokens of a session; `expires_in` in seconds; at `session_until` a new login is needed."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - It is the kind of token, not one.
    expires_in: int
    refresh_token: str | None = None
    session_until: datetime
