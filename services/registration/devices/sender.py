"""Who sends a batch (Device), and what became of one item of it (Done)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from chassis.authz import Access
from chassis.db import Database
from services.registration.devices.models import About, Outcome
from services.registration.places import service as places


@dataclass(frozen=True)
class Device:
    """Who sends a batch, with what they may do, and by which feed they are told of others' work."""

    database: Database
    access: Access
    feed_id: UUID | None
    nowhere: Collection[str]

    @property
    def organisation(self) -> str:
        return self.access.caller.organisation

    def may(self, action: str, about: About = "person") -> Access:
        return Access(self.access.caller, about, action, self.access.purpose)

    def refuse_nowhere(self, pcode: str | None, within: str, name: str = "location_pcode") -> None:
        """422 for a place that nobody knows; `within` is which part of the item names it."""
        if pcode in self.nowhere:
            raise places.nowhere(f"/{within}/{name}")


@dataclass(frozen=True)
class Done:
    """
    What became of whom or of what an item is about.

    `standing` is how the caller stood to somebody before they corrected them, where they did.
    """

    id: UUID
    outcome: Outcome
    about: About = "person"
    standing: int | None = None
