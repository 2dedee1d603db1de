"""Devices that were offline tell of registration events, and of who was registered in them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, update

from chassis.clock import now
from services.registration.devices import service
from services.registration.occasions.models import RegistrationEvent
from tests.conftest import Start
from tests.registration.office import PERSONS
from tests.registration.test_devices import REGISTRATION, new, opened, outcomes, reasons, send

EVENTS = "/v1/registration/registration-events"
HELD: dict[str, Any] = {"context": "transit", "place_pcode": "LY020908", "held_on": "2026-01-05"}


def held(id_: UUID, **more: Any) -> dict[str, Any]:
    return {"id": str(id_), "registration_event": HELD | more}


def corrected(id_: UUID | str, version: int, **changes: Any) -> dict[str, Any]:
    return {"id": str(id_), "base_version": version, "event_correction": changes}


async def test_a_device_holds_an_event_offline_and_registers_people_in_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await opened(start)
    yusuf, event, person, caller = office.enumerator, uuid4(), uuid4(), uuid4()
    rung = {
        "given_name": "Omar",
        "nationality": "SDN",
        "phone": "+218912345600",
        "registration_event_id": str(event),
    }
    batch = [
        held(event, site_name="Gate 2", device="tablet-7"),
        new(person, registration_event_id=str(event)),
        {"id": str(caller), "enquiry": rung},
        corrected(event, 1, site_name="Gate 3"),
    ]

    first = await send(yusuf, *batch)
    assert outcomes(first) == ["created", "created", "created", "updated"], first
    ours = first[0]["registration_event_id"]
    assert first[0]["registration_event"]["enumerator"] == "user-yusuf"
    assert first[3]["registration_event"]["site_name"] == "Gate 3"
    assert {each["person"]["registration_event_id"] for each in first[1:3]} == {ours}
    listed = (await yusuf.get(f"{PERSONS}?registration_event_id={ours}")).json()["items"]
    assert {each["id"] for each in listed} == {each["person_id"] for each in first[1:3]}

    # What the office changed since stays; the batch that comes again changes nothing.
    assert outcomes(await send(yusuf, *batch)) == ["unchanged"] * 4
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0)
    [other, stale, far, nowhere, both] = await send(
        yusuf,
        held(event, context="office"),
        corrected(ours, 1, context="office"),
        held(uuid4(), place_pcode="LY11"),
        held(uuid4(), place_pcode="LY020999"),
        held(uuid4()) | {"base_version": 1},
    )
    assert [each["outcome"] for each in (other, stale)] == ["conflict", "conflict"]
    assert other["sent"]["context"] == "office"
    assert other["registration_event"]["context"] == "transit"
    assert reasons([far, nowhere, both]) == ["forbidden", "unknown-place", "validation"]
    assert nowhere["reason"]["errors"][0]["pointer"] == "/registration_event/place_pcode"
    answer = await yusuf.get(EVENTS)
    assert [each["id"] for each in answer.json()["items"]] == [ours]

    # Of another organisation the same id names nothing, and it has its own event by it.
    luca = office.stranger
    theirs = [new(uuid4(), registration_event_id=str(event)), held(event)]
    assert outcomes(await send(luca, *theirs)) == ["rejected", "created"]


async def test_a_batch_that_is_sent_again_after_the_enumerators_day_changes_nothing(
    start: Start,
) -> None:
    office = await opened(start)
    yusuf, event = office.enumerator, uuid4()
    batch = [held(event), new(uuid4(), registration_event_id=str(event))]
    assert outcomes(await send(yusuf, *batch)) == ["created", "created"]
    async with office.running.database.write() as session:
        made = update(RegistrationEvent).where(col(RegistrationEvent.client_id) == event)
        await session.exec(made.values(created_at=now() - timedelta(days=2)))

    again = await send(yusuf, *batch)
    assert outcomes(again) == ["unchanged", "unchanged"], again
    assert again[0]["registration_event"] is None
    refused = await send(yusuf, new(uuid4(), registration_event_id=str(event)))
    assert outcomes(refused) == ["rejected"]
    assert (await yusuf.get(EVENTS, headers=REGISTRATION)).json()["items"] == []
