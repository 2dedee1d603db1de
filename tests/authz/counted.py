"""What tracking counts beside rounds: one record of each kind, made by the tester."""

from datetime import date
from typing import Any
from uuid import UUID

from services.tracking.incidents.models import Incident
from tests.authz.world import HERE, HOME, TESTER, World

DAY = "2026-01-01"
BODIES: dict[str, Any] = {
    "POST /v1/tracking/incidents/{incident_id}/estimates": {
        "population": "idp",
        "to_pcode": HERE,
        "individuals": 1,
        "published_on": DAY,
        "source": "A source",
    },
}
NEW: dict[str, Any] = {
    "POST /v1/tracking/incidents": {
        "external_id": "I1",
        "name": "A storm",
        "cause": "storm",
        "occurred_on": DAY,
        "place_pcode": HERE,
    },
}
NOBODY_S = {"incident"}


async def add(world: World, situation: str) -> None:
    """Let there be a record of each kind, once; every situation finds the same."""
    records = _records()
    if situation == next(iter(world.ids)):
        async with world.databases["tracking"].write() as session:
            session.add_all(records.values())
    world.ids[situation] |= {name: str(record.id) for name, record in records.items()}


def _records() -> dict[str, Any]:
    incident = Incident(
        id=UUID(int=5),
        organisation=HOME,
        external_id="I0",
        name="A storm",
        cause="storm",
        occurred_on=date.fromisoformat(DAY),
        place_pcode=HERE,
        created_by=TESTER,
    )
    return {"incident_id": incident}
