"""Planted persons: read like any other, and told of to the data-protection officer alone."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from services.registration.duplicates.models import DuplicatePair
from services.registration.honey import rules, watch
from services.registration.honey.models import DeniedReads
from services.registration.persons.models import Person
from tests.patience import until
from tests.registration.office import NAWAL, PERSONS, Office, Worker, look_for_new
from tests.registration.test_break_glass import facts, slug
from tests.registration.test_rescans import ask, rescanned

HONEY, ALERTS = "/v1/registration/honey-records", "/v1/registration/alerts"
PLANTED = NAWAL | {
    "external_id": "R00000901",
    "given_name": "Zahra",
    "phone": "+218912345601",
    "documents": [{"type": "passport", "number": "P1112223"}],
    "household_ref": None,
    "consent": False,
}
TOLD_AFTER_SECONDS = 60


async def planted(office: Office) -> str:
    response = await office.dpo.post(HONEY, PLANTED)
    assert response.status_code == 201, response.text
    return str(response.json()["person_id"])


async def alerts(office: Office, **query: str) -> list[dict[str, Any]]:
    found = await office.dpo.get(ALERTS, params=query)
    assert found.status_code == 200, found.text
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def looked(office: Office, holds: Callable[[], Awaitable[bool]]) -> bool:
    """Look until something holds, as the service does each few seconds."""

    async def look() -> bool:
        await watch.look(office.running.database)
        return await holds()

    return await until(look)


async def denied(office: Office, worker: Worker, times: int) -> set[tuple[int, str]]:
    paths = [f"{PERSONS}/{uuid4()}" for _ in range(times)]
    return {slug(each) for each in await asyncio.gather(*map(worker.get, paths))}


async def counted(office: Office, account: str, reads: int) -> bool:
    async def there() -> bool:
        async with office.running.database.read() as session:
            found = (await session.exec(select(DeniedReads))).all()
        return sum(each.reads for each in found if each.account == account) == reads

    return await looked(office, there)


async def test_case_31_a_planted_person_is_found_and_read_like_any_other(office: Office) -> None:
    real, honey = await office.register(household_ref=None, consent=False), await planted(office)

    answers = [await office.colleague.get(f"{PERSONS}/{each}") for each in (real, honey)]
    listed = (await office.colleague.get(PERSONS)).json()["items"]

    assert [each.status_code for each in answers] == [200, 200]
    assert [set(each.headers) for each in answers] == [set(answers[0].headers)] * 2
    one, other = (each.json() for each in answers)
    told_apart = {name for name in one if one[name] != other[name]}
    assert told_apart == {"id", "case_number"}
    assert [each["id"] for each in listed] == [real, honey]
    heard = [each["data"] for each in await facts(office, "registration.person_registered.v1")]
    differing = {key for key in heard[0] if heard[0][key] != heard[1][key]}
    assert differing == {"person_id", "registered_by", "case_owner"}


async def test_case_31_a_planted_person_is_found_by_name_and_is_nobodys_double(
    office: Office,
) -> None:
    person = await planted(office)
    for number in (1, 2):
        await office.register(**PLANTED | {"external_id": f"R0000091{number}"})
    await look_for_new(office.running.database)
    async with office.running.database.write() as session:
        # Somebody's correction has them looked at once more.
        await session.exec(update(Person).where(col(Person.id) == UUID(person)).values(version=2))

    await look_for_new(office.running.database)

    query = {"name": "زهراء", "born_in": 1999}
    found = (await office.officer.get(PERSONS, params=query)).json()["items"]
    assert person in {each["id"] for each in found}
    assert len(found) == 3
    assert UUID(person) not in await in_the_only_pair(office)
    await rescanned(office.running, await ask(office.running))
    assert UUID(person) not in await in_the_only_pair(office)


async def in_the_only_pair(office: Office) -> set[UUID]:
    async with office.running.database.read() as session:
        [pair] = (await session.exec(select(DuplicatePair))).all()
    return {pair.left_id, pair.right_id}


async def test_case_31_who_opens_a_planted_person_is_told_of_within_a_minute(
    office: Office,
) -> None:
    honey = await planted(office)
    other = await office.register()

    opened = await office.colleague.get(f"{PERSONS}/{honey}")
    await office.colleague.get(f"{PERSONS}/{other}")
    await office.officer.get(PERSONS)

    assert opened.status_code == 200

    async def told() -> bool:
        return bool(await alerts(office, status="unreviewed"))

    assert await looked(office, told)
    [alert] = await alerts(office, status="unreviewed")
    assert (alert["account"], alert["person_id"]) == (office.colleague.id, honey)
    assert (alert["openings"], alert["frozen"], alert["roles"]) == (1, False, ["case_worker"])
    [fact] = await facts(office, "registration.alert_raised.v1")
    assert set(fact["data"]) == {"alert_id", "account", "opened_at"}
    assert watch.SECONDS + 1 < TOLD_AFTER_SECONDS


async def test_case_31_an_account_that_opened_one_and_was_denied_twenty_reads_is_frozen(
    office: Office,
) -> None:
    honey = await planted(office)
    snooper = office.colleague
    assert await denied(office, snooper, 19) == {(404, "/problems/not-found")}
    await denied(office, office.officer, 25)
    await snooper.get(f"{PERSONS}/{honey}")
    assert await counted(office, office.officer.id, 25)
    assert await counted(office, snooper.id, 19)
    assert (await snooper.get(PERSONS)).status_code == 200

    await denied(office, snooper, 1)

    async def refused() -> bool:
        return (await snooper.get(PERSONS)).status_code == 403

    assert await looked(office, refused)
    assert slug(await snooper.get(f"{PERSONS}/{honey}")) == (403, "/problems/account-frozen")
    assert (await office.officer.get(PERSONS)).status_code == 200
    [alert] = await alerts(office)
    assert (alert["denied_reads"], alert["frozen"]) == (20, True)
    assert len(await facts(office, "registration.account_frozen.v1")) == 1

    reviewed = await office.dpo.post(f"{ALERTS}/{alert['id']}/review", {"finding": "harmless"})

    async def let_in() -> bool:
        return (await snooper.get(PERSONS)).status_code == 200

    assert (reviewed.status_code, reviewed.json()["frozen"]) == (200, False)
    assert await looked(office, let_in)
    assert len(await facts(office, "registration.account_released.v1")) == 1


async def test_only_the_data_protection_officer_knows_of_planted_persons(office: Office) -> None:
    await planted(office)

    for worker in (office.officer, office.case_worker, office.nurse, office.enumerator):
        for path in (HONEY, ALERTS):
            assert slug(await worker.get(path)) == (403, "/problems/forbidden")
    [honey] = (await office.dpo.get(HONEY)).json()["items"]
    assert honey["external_id"] == "R00000901"


async def test_a_second_look_raises_nothing_anew_and_misuse_freezes(office: Office) -> None:
    honey = await planted(office)
    await office.colleague.get(f"{PERSONS}/{honey}")
    await office.colleague.get(f"{PERSONS}/{honey}")

    async def both() -> bool:
        return [each["openings"] for each in await alerts(office)] == [2]

    assert await looked(office, both)
    await watch.look(office.running.database)
    [alert] = await alerts(office)
    path = f"{ALERTS}/{alert['id']}/review"
    oneself = Worker(office.running, "huda", ("dpo",))
    assert slug(await oneself.post(path, {"finding": "harmless"})) == (
        403,
        "/problems/not-by-oneself",
    )
    await office.dpo.post(path, {"finding": "misuse"})

    await watch.look(office.running.database)

    assert (await office.colleague.get(PERSONS)).status_code == 403
    assert [each["openings"] for each in await alerts(office, status="reviewed")] == [2]
    assert await alerts(office, status="unreviewed") == []


@pytest.mark.parametrize(
    "change",
    [
        {"reason": rules.LISTED},
        {"actor": "system:retention"},
        {"resource": "honey_record"},
        {"decision": "refused"},
    ],
)
def test_what_is_no_opening(change: dict[str, str]) -> None:
    entry = {
        "actor": "user-1",
        "action": "read",
        "resource": "person",
        "reason": None,
        "decision": "allowed",
    }

    assert watch.is_opening(SimpleNamespace(**entry), planted_by="user-2")
    assert not watch.is_opening(SimpleNamespace(**entry | change), planted_by="user-2")
    assert not watch.is_opening(SimpleNamespace(**entry), planted_by="user-1")
