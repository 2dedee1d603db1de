"""The whole register is looked through again, and finds what people who come one by one find."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.registration.duplicates import comparing, reading, rescans
from services.registration.duplicates.models import DuplicatePair, MatchingKey
from services.registration.duplicates.settling import Found, settle
from services.registration.main import SERVICE
from services.registration.places.models import Place
from services.registration.searches.models import NameKey
from tests.conftest import Running, Start, bearer
from tests.patience import until
from tests.registration.office import PERSONS, look_for_new

DUPLICATES = "/v1/registration/duplicates"
RESCANS = f"{DUPLICATES}/rescans"
ADMIN = bearer(roles=["admin"], sub="an-admin")
NAMES = [
    ("موسى", "إدريس", "آدم", "التباوي"),
    ("Moussa", "Idriss", None, "al-Tabawi"),
    ("Musa", "Idris", "Adam", "Tabawi"),
    ("فاطمة", "علي", "حسن", "الزنتاني"),
    ("Fatma", "Ali", "Hassan", "Zintani"),
    ("Tesfay", "Gebre", "Haile", "Selam"),
    ("Tesfai", "Gebre", "Haile", "Selam"),
    ("Bakary", "Modibo", None, "Keita"),
]


def person(number: int) -> dict[str, Any]:
    given, father, grandfather, family = NAMES[number]
    return {
        "external_id": f"R{number}",
        "given_name": given,
        "father_name": father,
        "grandfather_name": grandfather,
        "family_name": family,
        "sex": "female" if number in {3, 4} else "male",
        "birth_date": "1990-05-04",
        "nationality": "TCD",
        "population_category": "migrant",
        "location_pcode": "LY0209",
        "household_ref": f"H{number}",
        "registered_on": "2026-01-05",
    }


@pytest.fixture
async def registration(start: Start, service_url: str, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.setattr(rescans, "PEOPLE_A_STEP", 3)
    running = await start(SERVICE, service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
    for number in range(len(NAMES)):
        answer = await running.client.post(PERSONS, json=person(number))
        assert answer.status_code == 201, answer.text
    await look_for_new(running.database)
    return running


async def listed(registration: Running) -> dict[frozenset[str], Any]:
    items = (await registration.client.get(DUPLICATES)).json()["items"]
    return {frozenset((p["left"]["external_id"], p["right"]["external_id"])): p for p in items}


async def ask(registration: Running) -> str:
    answer = await registration.client.post(RESCANS, headers=ADMIN)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


async def rescanned(registration: Running, location: str) -> Any:
    async def job() -> Any:
        return (await registration.client.get(location, headers=ADMIN)).json()

    return await until(job, lambda found: found["status"] == "done")


async def test_a_rescan_finds_what_was_lost_and_leaves_what_is_known_as_it_is(
    registration: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await listed(registration)
    probable = {frozenset(pair) for pair in (("R0", "R1"), ("R0", "R2"), ("R1", "R2"))}
    assert probable < {pair for pair, each in before.items() if each["band"] == "probable"}
    different = before[frozenset(("R0", "R1"))]["id"]
    path = f"{DUPLICATES}/{different}/decision"
    await registration.client.post(path, json={"decision": "different"})

    nothing_new = await rescanned(registration, await ask(registration))

    known = await listed(registration)
    assert (nothing_new["total"], nothing_new["accepted"]) == (8, 0)
    assert {pair: each["id"] for pair, each in known.items()} == {
        pair: each["id"] for pair, each in before.items()
    }
    assert known[frozenset(("R0", "R1"))]["status"] == "different"

    words = await kept_under(registration, NameKey)
    async with registration.database.write() as session:
        await session.exec(delete(NameKey))
        await session.exec(delete(MatchingKey))
        await session.exec(delete(DuplicatePair).where(col(DuplicatePair.status) == "open"))
    steps = cut_off_once(monkeypatch)
    location = await ask(registration)
    assert await ask(registration) == location
    found = await rescanned(registration, location)

    # So many people of each step are in a pair with somebody before them.
    assert steps == [2, 1, 1, 1], "the second step was cut off, and the first not repeated"
    assert found["accepted"] > 0
    assert found["accepted"] + found["unchanged"] == found["total"]
    assert await kept_under(registration, NameKey) == words
    again = await listed(registration)
    assert {pair: told(each) for pair, each in again.items()} == {
        pair: told(each) for pair, each in known.items()
    }


@pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
async def test_a_second_rescan_keeps_no_more_of_many_who_are_alike(
    registration: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST_PAIRS", 1)
    async with registration.database.write() as session:
        await session.exec(delete(DuplicatePair))
    first = await rescanned(registration, await ask(registration))
    before = await listed(registration)

    second = await rescanned(registration, await ask(registration))

    assert (first["accepted"] > 0, second["accepted"]) == (True, 0)
    assert (await listed(registration)).keys() == before.keys()


@pytest.mark.parametrize("table", [MatchingKey, NameKey])
async def test_a_rescan_makes_all_keys_again_when_they_are_made_otherwise_now(
    registration: Running, table: type[MatchingKey | NameKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_AT_ONCE", 3)
    before = await kept_under(registration, table)
    async with registration.database.write() as session:
        await session.exec(update(table).values(key=col(table.key) + 1))

    await rescanned(registration, await ask(registration))

    assert await kept_under(registration, table) == before


async def test_in_a_small_register_a_rescan_misses_nobodys_keys(registration: Running) -> None:
    tables = MatchingKey, NameKey
    before = [await kept_under(registration, table) for table in tables]
    last = max(person_id for _, person_id in before[0])
    async with registration.database.write() as session:
        for table in tables:
            theirs = update(table).where(col(table.person_id) == last)
            await session.exec(theirs.values(key=col(table.key) + 1))

    await rescanned(registration, await ask(registration))

    assert [await kept_under(registration, table) for table in tables] == before


async def kept_under(registration: Running, table: type[MatchingKey | NameKey]) -> set[Any]:
    async with registration.database.read() as session:
        return set((await session.exec(select(table.key, table.person_id))).all())


def told(pair: Any) -> Any:
    return {name: pair[name] for name in ("band", "status", "score", "reasons")}


def cut_off_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the second step die before its commit; return how many people each step settled."""
    steps = list[int]()

    async def settled(session: AsyncSession, found: Found, **how: bool) -> set[UUID]:
        steps.append(len(found.people))
        new = await settle(session, found, **how)
        if len(steps) == 2:
            raise RuntimeError("killed")
        return new

    monkeypatch.setattr(rescans, "settle", settled)
    return steps
