"""What was ended before its time, as kept and as shown to every verifier."""

from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Field

from chassis.clock import UtcDateTime
from gateway.tables import Table


class Revocation(Table, table=True):
    """
    A session or a caller whose tokens, issued up to an instant, count no more.

    It is forgotten (`forget_at`) when the last of these tokens has run out by itself, and a caller
    when nothing goes on any more that was asked for with one.
    """

    name: str = Field(primary_key=True)
    before: datetime = Field(sa_type=UtcDateTime)
    forget_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Ended(BaseModel):
    """`id` is a token's `sid` or `sub`; its tokens issued up to `before` (seconds) are void."""

    id: str
    before: float


class RevocationsOut(BaseModel):
    ended: list[Ended]
