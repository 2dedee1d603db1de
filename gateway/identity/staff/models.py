"""A person who works with the system: as named (StaffIn), as kept (Staff), as shown (StaffOut)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints
from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Strict, Text
from gateway.tables import Table

LoginName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9._-]{1,63}$", max_length=64)
]
Password = Annotated[str, StringConstraints(strict=True, min_length=12, max_length=128)]
OneTimeCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{6}$")]
Secret = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]


class StaffIn(Strict):
    """Who shall have an account: the name they log in with, their own, and for whom they work."""

    name: LoginName
    full_name: Text
    organisation: Code


class Staff(Table, table=True):
    """
    A person's account. `subject` is who they are in tokens, assignments and records.

    There is no password until they have set one by their invitation, of which a hash is kept.
    `code_used` is the time step of their last one-time code, which none may repeat.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    subject: str = Field(unique=True)
    name: str = Field(unique=True)
    full_name: str
    organisation: str
    password_hash: str | None = None
    code_secret: bytes | None = Field(default=None, sa_type=LargeBinary)
    code_used: int = Field(default=0, sa_type=BigInteger)
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    invitation_hash: str | None = Field(default=None, unique=True)
    invitation_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffOut(BaseModel):
    id: UUID
    subject: str
    name: str
    full_name: str
    organisation: str
    state: Literal["invited", "active", "closed"]
    created_at: datetime


class Invited(StaffOut):
    """An account with its invitation, which is shown this once and never again."""

    invitation: str
    invitation_until: datetime


class StaffList(BaseModel):
    items: list[StaffOut]
    next_cursor: str | None


class Enrolment(Strict):
    """What the invited person was given by the administrator."""

    invitation: Secret


class EnrolmentOut(BaseModel):
    """The secret of their one-time codes, as text, and as the QR code of an authenticator."""

    name: str
    secret: str
    uri: str


class Activation(Strict):
    """The password they choose, and a code that shows that their authenticator has the secret."""

    invitation: Secret
    password: Password
    code: OneTimeCode
