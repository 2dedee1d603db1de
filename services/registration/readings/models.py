"""That somebody read a person's file, as shown to whoever carries the person (ReadingOut)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from chassis.fields import Maskable, Shown


class ReadingOut(Shown, shape="reading"):
    """
    When, in which roles, for whom and for what purpose somebody read; never what they saw.

    `action` is `read`, `listed` when they came upon the person in a list, or `export`. `account` is
    masked where the reader works for another organisation. What the system did has no roles.
    """

    id: UUID
    at: datetime
    account: Maskable[str]
    roles: list[str]
    organisation: str
    purpose: str | None
    action: str


class ReadingsOut(BaseModel):
    items: list[ReadingOut]
    next_cursor: str | None
