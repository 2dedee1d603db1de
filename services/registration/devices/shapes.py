"""What is told of a household that was changed on a device while it was offline."""

from typing import Any
from uuid import UUID

from pydantic import Field as Shape

from services.registration.households.shapes import (
    MOST_MEMBERS,
    HouseholdCorrectionIn,
    LeavingIn,
    MemberIn,
)


class LeftIn(LeavingIn):
    """Who belongs to it no more."""

    person_id: UUID


class HouseholdChangeIn(HouseholdCorrectionIn):
    """
    What is right instead of a household, who has left it, and who has joined it.

    Taken in this order: who left, what is corrected, who joined. Who moves from one household to
    another has left the one in an item before that of the other.
    """

    left: list[LeftIn] = Shape(default=[], max_length=MOST_MEMBERS)
    joined: list[MemberIn] = Shape(default=[], max_length=MOST_MEMBERS)

    def changes(self) -> dict[str, Any]:
        """Return what is sent of the household itself."""
        told = self.model_fields_set - {"relationships", "left", "joined"}
        return self.model_dump(include=told)
