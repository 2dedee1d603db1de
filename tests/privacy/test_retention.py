"""Records whose time is over: counted, kept by a hold, erased; many only with a second person."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select, update

from chassis.clock import new_id, now, today
from services.registration.persons.models import Person
from services.registration.retention import rules, service
from services.registration.retention.models import RetentionRun
from services.registration.retention.service import (
    CLOCK,
    PEOPLE_A_STEP,
    begin,
    dry_run,
    run_daily,
)
from tests.patience import until
from tests.privacy.mission import CANARY, Mission, made

RETENTION = "/v1/registration/retention"
LONG_AGO = date(2015, 1, 1)


async def people(mission: Mission, *numbers: str, registered_on: date) -> list[str]:
    worker = mission.as_("case_worker")
    ids = [
        await made(worker, "/v1/registration/persons", CANARY | {"external_id": number})
        for number in numbers
    ]
    async with mission.database("registration").write() as session:
        numbered = col(Person.external_id).in_(numbers)
        await session.exec(update(Person).where(numbered).values(registered_on=registered_on))
        # The day's own run was made at the start, when nobody was there yet.
        for run in (await session.exec(select(RetentionRun))).all():
            await session.delete(run)
    return ids


async def status(mission: Mission, person: str) -> int:
    path = f"/v1/registration/persons/{person}"
    return (await mission.as_("case_worker").get(path)).status_code


async def test_case_44_the_dry_run_is_what_a_run_then_does(mission: Mission) -> None:
    old, held = await people(mission, "OLD", "HELD", registered_on=LONG_AGO)
    (young,) = await people(mission, "YOUNG", registered_on=date(2026, 1, 1))
    hold = {"person_id": held, "ground": "complaint"}
    await made(mission.as_("dpo"), "/v1/registration/legal-holds", hold)

    told = (await mission.as_("dpo").get(f"{RETENTION}/dry-run")).json()
    run = (await mission.as_("admin").post(f"{RETENTION}/runs")).json()

    async def done() -> dict[str, object] | None:
        (found,) = (await mission.as_("dpo").get(f"{RETENTION}/runs")).json()["items"]
        return found if found["status"] == "done" else None

    ended = await until(done)
    assert (told["due"], told["held"]) == (ended["erased"], ended["held"]) == (1, 1)
    assert ended["id"] == run["id"]
    assert [await status(mission, each) for each in (old, held, young)] == [404, 200, 200]


async def test_case_31_no_run_counts_or_erases_a_planted_person(mission: Mission) -> None:
    await people(mission, "OLD", registered_on=LONG_AGO)
    form = CANARY | {"external_id": "PLANTED"}
    made_up = await mission.as_("dpo").post("/v1/registration/honey-records", json=form)
    assert made_up.status_code == 201, made_up.text
    async with mission.database("registration").write() as session:
        await session.exec(update(Person).values(registered_on=LONG_AGO))

    told = (await mission.as_("dpo").get(f"{RETENTION}/dry-run")).json()

    assert (told["due"], told["held"]) == (1, 0)


async def test_case_44_somebody_served_lately_is_not_due(mission: Mission) -> None:
    await mission.assist_somebody()
    async with mission.database("registration").write() as session:
        await session.exec(update(Person).values(registered_on=LONG_AGO))

    async def due() -> int:
        return int((await mission.as_("dpo").get(f"{RETENTION}/dry-run")).json()["due"])

    async def nobody() -> bool:
        return await due() == 0

    assert await until(nobody)


async def test_case_44_many_wait_for_a_second_person(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Many are more than a thousand; what is done with many is done in several steps with fewer too.
    fewer = replace(rules.policy(), second_person_above=2 * PEOPLE_A_STEP)
    monkeypatch.setattr(service, "policy", lambda: fewer)
    (first,) = await people(mission, "A", registered_on=LONG_AGO)
    async with mission.database("registration").write() as session:
        known = (await session.get_one(Person, UUID(first))).model_dump()
        session.add_all(Person(**known | another(number)) for number in range(2 * PEOPLE_A_STEP))
    run = (await mission.as_("admin").post(f"{RETENTION}/runs")).json()
    path = f"{RETENTION}/runs/{run['id']}/approval"

    same = await mission.as_("dpo", "admin").post(path)
    kept = await status(mission, first)
    other = await mission.as_("dpo").post(path)

    async def gone() -> bool:
        return await status(mission, first) == 404

    assert (run["status"], run["due"], kept) == ("waiting", 2 * PEOPLE_A_STEP + 1, 200)
    assert (same.status_code, same.json()["type"]) == (403, "/problems/second-person-needed")
    assert (other.status_code, other.json()["status"]) == (202, "running")
    assert await until(gone)


def another(number: int) -> dict[str, Any]:
    return {"id": new_id(), "external_id": f"MANY{number}", "case_number": f"MANY-{number}"}


async def test_the_days_own_run_leaves_who_has_just_come_in_with_an_old_register(
    mission: Mission,
) -> None:
    database = mission.database("registration")
    (person,) = await people(mission, "OLD", registered_on=LONG_AGO)

    await run_daily(database)
    async with database.read() as session:
        own = await dry_run(session, today(), CLOCK.id)
        asked_for = await dry_run(session, today())
        assert (await session.exec(select(RetentionRun))).all() == []
    assert (own.due, asked_for.due) == (0, 1)

    looked_at = timedelta(days=rules.policy().days_to_look + 1)
    async with database.write() as session:
        await session.exec(update(Person).values(created_at=now() - looked_at))
    await run_daily(database)

    async def gone() -> bool:
        return await status(mission, person) == 404

    assert await until(gone)


async def test_a_day_has_one_run(mission: Mission) -> None:
    database = mission.database("registration")

    async with database.write() as session:
        first = await begin(session, CLOCK)
    async with database.write() as session:
        second = await begin(session, CLOCK)

    assert first.id == second.id


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2029, 3, 1), date(2026, 12, 31)])
def test_any_day_has_its_limit(day: date) -> None:
    for period in (rules.policy().person, rules.policy().note):
        assert period.kept_since(day).year == day.year - period.years


def test_one_thousand_are_not_many_and_one_more_are() -> None:
    policy = rules.policy()

    assert [policy.needs_second_person(each) for each in (1000, 1001)] == [False, True]
