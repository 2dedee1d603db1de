"""Breaking the glass: as asked for (BreakingIn), as kept (Breaking), as shown (BreakingOut)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints
from sqlalchemy import LargeBinary, SQLColumnExpression, exists, true
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Clause, Condition, Scoping, Who, moment
from chassis.strict import Prose, Strict
from services.registration.breakglass.rules import ReasonCode
from services.registration.tables import Table

Finding = Literal["justified", "not_justified"]
Words = Annotated[str, StringConstraints(strict=True, max_length=2000)]


class BreakingIn(Strict):
    """
    Whose file, and why it cannot wait.

    A reason that is missing or too short is no mistake in the form: it is refused with 403.
    """

    person_id: UUID
    reason_code: ReasonCode | None = None
    explanation: Words | None = None


class ReviewIn(Strict):
    finding: Finding
    remark: Prose


class Breaking(Table, table=True):
    """
    One user opened one person's file without a link to it.

    The words why are sealed under the person's key. The row outlives the person's record, without
    them: it says what a user did.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, index=True)
    organisation: str
    location_pcode: str
    broken_by: str = Field(index=True)
    roles: str
    reason_code: str
    explanation: bytes = Field(sa_type=LargeBinary)
    broken_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    cosigned_by: str | None = None
    cosigned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finding: str | None = None
    remark: bytes | None = Field(default=None, sa_type=LargeBinary)
    reviewed_by: str | None = None
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


SCOPING = Scoping(
    organisation=col(Breaking.organisation),
    place=col(Breaking.location_pcode),
    created_by=col(Breaking.broken_by),
    created_at=col(Breaking.broken_at),
    conditions={"ours": lambda _caller: true()},
    anywhere=frozenset({"mine", "ours"}),
)


def broken(person_id: SQLColumnExpression[UUID], *, cosigned: bool = False) -> Condition:
    """Return whether the caller has broken the glass over this person and, if asked, not alone."""

    def holds(caller: Who) -> Clause:
        return exists().where(
            col(Breaking.person_id) == person_id,
            col(Breaking.broken_by) == caller.id,
            col(Breaking.ends_at) > moment(),
            col(Breaking.cosigned_at).is_not(None) if cosigned else true(),
        )

    return holds


class BreakingOut(BaseModel):
    """
    That a file was opened, until when, and what it shows that it did not show before.

    `explanation` and `remark` are for those who review; to others they are null, as is the person
    once they are erased.
    """

    id: UUID
    person_id: UUID | None
    broken_by: str
    roles: list[str]
    reason_code: ReasonCode
    explanation: str | None
    opens: list[str]
    broken_at: datetime
    ends_at: datetime
    cosigned_by: str | None
    status: Literal["unreviewed", "reviewed"]
    due_at: datetime
    finding: Finding | None
    remark: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None


class BreakingsOut(BaseModel):
    items: list[BreakingOut]
    next_cursor: str | None
