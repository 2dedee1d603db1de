"""A registration event in each situation, and how its operations are tried."""

from datetime import timedelta
from typing import Any

from chassis.clock import now, today
from services.registration.occasions.models import RegistrationEvent
from tests.authz.world import BUILDER, ELSEWHERE, HERE, TESTER, World, organisation_of

PATH = "/v1/registration/registration-events"
NEW: dict[str, Any] = {
    "POST /v1/registration/enquiries": {
        "given_name": "هدى",
        "nationality": "SDN",
        "phone": "+218912345670",
        "location_pcode": HERE,
    },
    # Each item is answered for itself: an unreadable one is as good as any.
    "POST /v1/registration/sync": {"items": [{}]},
    f"POST {PATH}": {"context": "urban", "place_pcode": HERE, "held_on": today().isoformat()},
}
BODIES: dict[str, Any] = {
    # Nobody of them has only enquired, which is said to whoever may change them.
    "PUT /v1/registration/enquiries/{person_id}/completion": {"sex": "female"},
    f"PATCH {PATH}/{{event_id}}": {"device": "D2"},
}
NOBODY_S = {"device"}
"""What a device is told is its user's own."""
LISTED = {"registration_event": "event_id"}


async def add(world: World, situation: str) -> None:
    event = RegistrationEvent(
        organisation=organisation_of(situation),
        context="urban",
        place_pcode=ELSEWHERE if situation == "other place" else HERE,
        held_on=today(),
        enumerator=BUILDER,
        created_by=TESTER if situation.startswith("own") else BUILDER,
        created_at=now() - timedelta(days=2 if "two days" in situation else 0),
    )
    if situation != "erased":
        async with world.databases["registration"].write() as session:
            session.add(event)
    world.ids[situation]["event_id"] = str(event.id)
