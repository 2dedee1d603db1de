"""A legal hold that is placed while its person is being erased: one of the two is refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, update

from chassis.authz import Access
from chassis.caller import claimed
from services.registration.holds import service as holds
from services.registration.holds.models import HoldIn
from services.registration.persons.models import Person
from services.registration.retention.models import RetentionRun
from tests.conftest import claims
from tests.patience import until
from tests.registration.office import PERSONS, Office, Worker

ERASURES = "/v1/registration/erasures"
RUNS = "/v1/registration/retention/runs"


@asynccontextmanager
async def being_held(office: Office, person: str) -> AsyncIterator[None]:
    """Let a hold be placed, and not be committed before the end."""
    access = Access(claimed(claims(roles=["dpo"])), "legal_hold", "C")
    async with office.running.database.write() as session:
        await holds.place(session, HoldIn(person_id=UUID(person), ground="complaint"), access)
        yield


async def begun(work: Awaitable[Any]) -> "asyncio.Task[Any]":
    """Let work go as far as it goes, which is to its end where it waits for nothing."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task}, timeout=1)
    return task


async def test_an_erasure_is_not_approved_past_a_hold_that_is_being_placed(office: Office) -> None:
    person = await office.register()
    body = {"person_id": person, "reason": "person_asked"}
    erasure = (await office.case_worker.post(ERASURES, body)).json()["id"]

    async with being_held(office, person):
        approval = await begun(office.dpo.post(f"{ERASURES}/{erasure}/approval"))

    answer = await approval
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/legal-hold")
    assert (await office.case_worker.get(f"{PERSONS}/{person}")).status_code == 200


async def test_retention_waits_for_a_hold_that_is_being_placed(office: Office) -> None:
    person = await office.register()
    async with office.running.database.write() as session:
        await session.exec(update(Person).values(registered_on=date(2015, 1, 1)))
        await session.exec(delete(RetentionRun).where(col(RetentionRun.id).is_not(None)))
    administrator = Worker(office.running, "ada", ("admin",))

    async def run() -> None:
        begun = await administrator.post(RUNS)
        assert begun.status_code == 202, begun.text

        async def done() -> bool:
            (found,) = (await office.dpo.get(RUNS)).json()["items"]
            return bool(found["status"] == "done")

        await until(done)

    async with being_held(office, person):
        running = await begun(run())
    await running

    assert (await office.case_worker.get(f"{PERSONS}/{person}")).status_code == 200
