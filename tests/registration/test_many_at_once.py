"""Many who wait are looked for at once, and the same is found as by looking one by one."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks import twice
from chassis.db import Database
from services.registration.duplicates import keeping, many, reading, search, settling
from services.registration.duplicates.models import DuplicatePair, MatchingKey
from services.registration.duplicates.reading import Page
from services.registration.main import SERVICE
from services.registration.persons import registering
from services.registration.persons.models import Person, PersonIn
from services.registration.places.models import Place
from services.registration.searches.models import NameKey
from tests.conftest import Start
from tests.registration.office import DUPLICATES, PERSONS, Office, look_for_new

PEOPLE = 36
SERVED = replace(SERVICE, background=[])
Open = Callable[[str], Awaitable[Office]]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twice, "SHARE_TWICE", 0.4)
    monkeypatch.setattr(reading, "READ_AT_ONCE", 25)
    monkeypatch.setattr(many, "KEPT_AT_ONCE", 10)
    monkeypatch.setattr(many, "PEOPLE_A_STEP", 20)
    monkeypatch.setattr(search, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(search, "MOST_PATIENCE", 0.0)


@pytest.fixture
def opened(start: Start, tmp_path: Path) -> Open:
    async def open_(name: str) -> Office:
        office = Office(await start(SERVED, f"sqlite+aiosqlite:///{tmp_path}/{name}.sqlite"))
        async with office.running.database.write() as session:
            session.add(Place(pcode="LY0211", level=2, parent_pcode="LY02", version=1))
        return office

    return open_


def everybody() -> list[PersonIn]:
    return list(twice.people(PEOPLE, seed=4))


async def come(office: Office, people: list[PersonIn]) -> None:
    async with office.running.database.write() as session:
        by = "test-client"
        await registering.register_all(session, people, organisation="iom", by=by, case_owner=by)


async def numbers(database: Database) -> dict[str, UUID]:
    async with database.read() as session:
        found = await session.exec(select(Person.external_id, Person.id))
        return dict(found.all())


async def waiting(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.exec(select(Person.external_id).where(reading.WAITS)))


async def kept(database: Database) -> Any:
    """Return all that a search keeps and tells, by the numbers that people came with."""
    people = {person: number for number, person in (await numbers(database)).items()}
    outbox = database.tables.outbox
    async with database.read() as session:
        pairs = {
            (people[pair.left_id], people[pair.right_id]): (
                pair.band,
                pair.status,
                pair.score,
                sorted(each.items() for each in pair.reasons),
            )
            for pair in await session.exec(select(DuplicatePair))
        }
        keys = [
            Counter(people[each] for each in await session.exec(select(table.person_id)))
            for table in (MatchingKey, NameKey)
        ]
        told = Counter(await session.exec(select(outbox.type)))
    return pairs, keys, await waiting(database), told


async def test_people_who_come_at_once_are_found_as_if_they_came_one_by_one(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(parts: int) -> Any:
        office, people = await opened(f"in{parts}"), everybody()
        for part in range(0, PEOPLE, PEOPLE // parts):
            await come(office, people[part : part + PEOPLE // parts])
            await look_for_new(office.running.database)
        return await kept(office.running.database)

    one_by_one = await found(PEOPLE)
    monkeypatch.setattr(many, "MANY", 1)

    assert await found(1) == one_by_one
    assert await found(4) == one_by_one
    pairs, *_ = one_by_one
    assert len(pairs) > PEOPLE / 10


async def test_what_happens_during_the_look_and_a_cut_in_it_change_nothing_in_the_end(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one, at_once = [await begun(await opened(name)) for name in ("one", "many")]
    await others_come(one_by_one)
    await day_passes(one_by_one)
    await look_for_new(one_by_one.running.database)

    monkeypatch.setattr(many, "MANY", 1)
    waited = await pass_the_day_and_cut_off(monkeypatch, at_once)
    with pytest.raises(OperationalError):
        await search.look_for_new(at_once.running.database)
    left = (await kept(at_once.running.database))[2]
    await look_for_new(at_once.running.database)

    # Who came meanwhile was looked for before the first step, and the second step was cut off.
    first, second = map(set, waited)
    assert not [number for number in first if number.startswith("N")]
    assert second < first
    assert set(left) == second
    ours, theirs = [await kept(each.running.database) for each in (at_once, one_by_one)]
    assert ours == theirs
    assert {"N10", "N26"} <= {number for pair in ours[0] for number in pair}


async def begun(office: Office) -> Office:
    """Let half of the people come, a pair of them be merged and another told apart; then all."""
    people = everybody()
    await come(office, people[: PEOPLE // 2])
    await look_for_new(office.running.database)
    listed = (await office.running.client.get(DUPLICATES)).json()["items"]
    by_numbers = sorted(listed, key=lambda pair: str(pair["left"]["external_id"]))
    merged, apart = (f"{DUPLICATES}/{pair['id']}" for pair in by_numbers[:2])
    keep = {"keep": by_numbers[0]["left"]["person_id"]}
    assert (await office.officer.post(f"{merged}/merge", keep)).status_code == 201
    body = {"decision": "different"}
    assert (await office.officer.post(f"{apart}/decision", body)).status_code == 200
    planted = everybody()[32].model_dump(mode="json", exclude_none=True)
    honey = planted | {"external_id": "H1", "consent": False}
    answer = await office.dpo.post("/v1/registration/honey-records", honey)
    assert answer.status_code == 201, answer.text
    await come(office, people[PEOPLE // 2 :])
    return office


async def day_passes(office: Office) -> None:
    """Let people be corrected who wait and who do not, and one be erased."""
    known = await numbers(office.running.database)
    for number in ("S14", "S28"):
        corrected = await office.running.client.patch(
            f"{PERSONS}/{known[number]}",
            json={"reason": "recorded_wrongly", "given_name": "Zubaida"},
            headers={"If-Match": '"1"'},
        )
        assert corrected.status_code == 200, corrected.text
    form = {"person_id": str(known["S29"]), "reason": "person_asked"}
    asked = await office.running.client.post("/v1/registration/erasures", json=form)
    approval = f"/v1/registration/erasures/{asked.json()['id']}/approval"
    assert (await office.dpo.post(approval)).status_code == 202


async def others_come(office: Office) -> None:
    """Let people come again of whom some wait themselves."""
    people = everybody()
    await come(office, [registered_again(each) for each in (*people[8:12], *people[24:28])])


def registered_again(person: PersonIn) -> PersonIn:
    return person.model_copy(update={"external_id": f"N{person.external_id[1:]}"})


async def pass_the_day_and_cut_off(
    monkeypatch: pytest.MonkeyPatch, office: Office
) -> list[list[str]]:
    """Let all that come at once, and be cut off; return who waited before each of two steps."""
    await let_others_come_unread(monkeypatch, office)
    look_again, keep = many._look_again, many._keep
    waited = list[list[str]]()

    async def all_are_read(*told: Any) -> None:
        if not waited:
            await day_passes(office)
        await look_again(*told)

    async def kept_one_more(*told: Any) -> None:
        if len(waited) < 2:
            waited.append(await waiting(office.running.database))
        await keep(*told)

    monkeypatch.setattr(many, "_look_again", all_are_read)
    monkeypatch.setattr(many, "_keep", kept_one_more)
    die_in_the_second_step(monkeypatch)
    return waited


async def let_others_come_unread(monkeypatch: pytest.MonkeyPatch, office: Office) -> None:
    """Let others come while everybody is read, whose page was read before they were there."""
    there = set((await numbers(office.running.database)).values())
    keep_keys = keeping.keep

    async def read(database: Database) -> AsyncIterator[Page]:
        async for page in reading.pages(database):
            described = {each: page.described[each] for each in there & page.described.keys()}
            yield Page([each for each in page.people if each.id in there], described)

    async def kept_keys(*told: Any) -> None:
        await keep_keys(*told)
        if len(await numbers(office.running.database)) == len(there):
            await others_come(office)

    monkeypatch.setattr(many, "pages", read)
    monkeypatch.setattr(keeping, "keep", kept_keys)


def die_in_the_second_step(monkeypatch: pytest.MonkeyPatch) -> None:
    note_done, steps = settling.note_done, list[int]()

    async def noted(session: AsyncSession, people: Sequence[Any]) -> None:
        await note_done(session, people)
        steps.append(len(people))
        if len(steps) == 2:
            raise OperationalError("", {}, Exception("killed"))

    monkeypatch.setattr(settling, "note_done", noted)


async def test_nothing_is_read_while_a_page_of_people_is_worked_on(opened: Open) -> None:
    office = await opened("read")
    await come(office, everybody())
    readers: Any = office.running.database.reader.pool

    assert [readers.checkedout() async for _ in reading.pages(office.running.database)] == [0, 0]
