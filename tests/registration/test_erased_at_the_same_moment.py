"""What is asked while somebody is being erased is answered as it is once they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from chassis.authz import Access
from chassis.caller import claimed
from services.registration.erasures import service as erasures
from tests.conftest import claims
from tests.registration.office import NAWAL, PERSONS, Office

MISSION = {"recipient": "mission", "purpose": "assistance"}
NO = {
    **MISSION,
    "given": False,
    "text_version": "2026-1",
    "language": "ar",
    "form": "verbal",
    "place_pcode": "LY020908",
    "detained": False,
}


@asynccontextmanager
async def being_erased(office: Office, person: str) -> AsyncIterator[None]:
    """Let an erasure be approved, and not be committed before the end."""
    body = {"person_id": person, "reason": "person_asked"}
    asked = (await office.case_worker.post("/v1/registration/erasures", body)).json()
    access = Access(claimed(claims(roles=["dpo"])), "erasure", "A")
    async with office.running.database.write() as session:
        await erasures.approve(session, UUID(asked["id"]), access)
        yield


async def test_what_is_written_of_somebody_who_is_being_erased_finds_nobody(office: Office) -> None:
    person = await office.register()
    path, worker = f"{PERSONS}/{person}", office.case_worker
    await office.refer(person, "medical", worker_id=office.nurse.id)
    note: dict[str, Any] = {
        "json": {"text": "Insulin, twice a day."},
        "headers": {"X-Purpose": "medical_care"},
    }

    async with being_erased(office, person):
        asked = [
            asyncio.ensure_future(each)
            for each in (
                worker.post(f"{path}/consents", NO),
                worker.post(f"{path}/consents/withdrawals", MISSION),
                worker.post(f"{path}/referrals", {"service": "medical", "worker_id": "user-x"}),
                office.nurse.send("POST", f"{path}/medical-notes", **note),
            )
        ]
        # Until they wait, or are done where they wait for nothing.
        await asyncio.wait(asked, timeout=1)

    assert [(await each).status_code for each in asked] == [404] * len(asked)


async def test_nobody_is_brought_back_by_a_registration_while_they_are_being_erased(
    office: Office,
) -> None:
    person = await office.register()

    async with being_erased(office, person):
        again = asyncio.ensure_future(office.case_worker.post(PERSONS, NAWAL))
        await asyncio.wait({again}, timeout=1)

    answer = await again
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/erased-external-id")
