"""What assistance tells the others."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class EntitlementDelivered(Event):
    """An item was handed over, and cannot be handed over again. Subject: the entitlement's id."""

    type: ClassVar[str] = "assistance.entitlement_delivered.v1"

    entitlement_id: UUID
    programme_id: UUID
    person_id: UUID
    delivered_on: date
