"""A household as it is told (…In) and as it is shown (…Out)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape

from chassis.clock import today
from chassis.fields import Maskable, Shown
from chassis.strict import Code, PastDay, Pcode, Strict, refuse_emptied
from services.registration.households.models import Absence, Kind, Left
from services.registration.households.rules import Composition, Flag, is_head

MOST_MEMBERS = 500
"""A boat's survivors, and more than live in any household."""
ALWAYS_KNOWN = ("location_pcode", "relationships")


class RelationIn(Strict):
    """Who somebody is to the head; `head` for the head, null for what nobody has told."""

    person_id: UUID
    relationship_to_head: Code | None = None


class MemberIn(RelationIn):
    """Somebody who is registered, and since when they belong to it."""

    since: PastDay = Shape(default_factory=today)


def _check(relations: Sequence[RelationIn], absence: Absence | None = None) -> None:
    if len({each.person_id for each in relations}) < len(relations):
        raise ValueError("names somebody twice")
    heads = sum(is_head(each.relationship_to_head) for each in relations)
    if heads > 1:
        raise ValueError("names two heads")
    if heads and absence:
        raise ValueError("names a head, and in `head_absence` why there is none")


class ReceivingIn(Strict):
    """
    Who receives for all: somebody of full age, a member or not, who is registered.

    The alternate does when the first cannot come.
    """

    collector_person_id: UUID | None = None
    alternate_person_id: UUID | None = None

    @model_validator(mode="after")
    def _two_people(self) -> Self:
        if self.collector_person_id and self.collector_person_id == self.alternate_person_id:
            raise ValueError("names the collector as their own alternate")
        return self


class HouseholdIn(ReceivingIn):
    """
    Who belongs together, where they are, and who is who to the head.

    Without a head it says with `head_absence` why, or is flagged: a child who came alone has one
    somewhere. A person is in one household at a time, and in any number of families and groups.
    """

    kind: Kind = "household"
    household_ref: Code | None = None
    location_pcode: Pcode
    head_absence: Absence | None = None
    members: list[MemberIn] = Shape(min_length=1, max_length=MOST_MEMBERS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _check(self.members, self.head_absence)
        return self


class HouseholdCorrectionIn(ReceivingIn):
    """
    What is right instead: only what is sent changes; null empties what may be empty.

    Why there is no head can be said only where there is none.
    """

    household_ref: Code | None = None
    location_pcode: Pcode | None = None
    head_absence: Absence | None = None
    relationships: list[RelationIn] | None = Shape(default=None, max_length=MOST_MEMBERS)

    @model_validator(mode="after")
    def _something_that_can_be(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("corrects nothing")
        _check(self.relationships or [])
        refuse_emptied(self, ALWAYS_KNOWN)
        return self

    def changes(self) -> dict[str, Any]:
        """Return what is sent of the household itself."""
        return self.model_dump(include=self.model_fields_set - {"relationships"})


class MoveIn(Strict):
    """To which household somebody moves, and who they are to its head."""

    to: UUID
    relationship_to_head: Code | None = None
    on: PastDay = Shape(default_factory=today)


class LeavingIn(Strict):
    on: PastDay = Shape(default_factory=today)


class SplitIn(ReceivingIn):
    """Who leaves to be a household of their own, at the same place unless another is told."""

    members: list[RelationIn] = Shape(min_length=1, max_length=MOST_MEMBERS)
    household_ref: Code | None = None
    location_pcode: Pcode | None = None
    head_absence: Absence | None = None
    on: PastDay = Shape(default_factory=today)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _check(self.members, self.head_absence)
        return self


class JoinIn(Strict):
    """Into which household another one goes as a whole, and who its members are to the head."""

    into: UUID
    relationships: list[RelationIn] = Shape(default=[], max_length=MOST_MEMBERS)
    on: PastDay = Shape(default_factory=today)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _check(self.relationships)
        return self


class MemberOut(BaseModel):
    """`counted` is no for who has departed, or is counted by another registration of theirs."""

    person_id: Maskable[UUID]
    relationship_to_head: Maskable[str | None]
    since: Maskable[date]
    until: Maskable[date | None]
    left_because: Maskable[Left | None]
    counted: Maskable[bool]


class HouseholdOut(Shown, shape="household"):
    """
    A household as its members make it today.

    `composition` counts them by sex and age band, and names only what there is; `head_absence` is
    null while there is a head; `flags` say what somebody should look at. `former_members` have
    left, or were somebody else to the head.
    """

    id: UUID
    case_number: str
    kind: Kind
    household_ref: Maskable[str | None]
    location_pcode: Maskable[str]
    head_person_id: Maskable[UUID | None]
    head_absence: Maskable[Absence | None]
    collector_person_id: Maskable[UUID | None]
    alternate_person_id: Maskable[UUID | None]
    members: Maskable[list[MemberOut]]
    former_members: Maskable[list[MemberOut]]
    size: Maskable[int]
    composition: Maskable[Composition]
    flags: Maskable[list[Flag]]
    ended_on: date | None
    joined_into: UUID | None
    version: int
    created_at: datetime


class HouseholdsOut(BaseModel):
    items: list[HouseholdOut]
    next_cursor: str | None
