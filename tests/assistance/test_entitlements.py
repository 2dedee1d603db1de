"""Everybody a programme covers is entitled to its item, once, whoever of the two came first."""

import asyncio
from typing import Any

from sqlmodel import col, select

from chassis.clock import new_id, today
from contracts.returns import PersonDeparted
from services.assistance.people.handlers import entitle_new_people
from tests.assistance.conftest import KITS, created, entitlements, registered
from tests.conftest import Running
from tests.patience import until


async def settled(assistance: Running, expected: int, **filters: Any) -> list[dict[str, Any]]:
    """Wait for so many entitlements, then a little longer for one too many."""
    await until(lambda: entitlements(assistance, **filters), lambda found: len(found) >= expected)
    await asyncio.sleep(0.3)
    return await entitlements(assistance, **filters)


async def test_a_person_is_entitled_once_in_each_programme_that_covers_them(
    assistance: Running,
) -> None:
    kits = await created(assistance)
    food = await created(assistance, name="Food", item={"name": "Food basket", "quantity": 2})
    person = registered()

    await assistance.hear(person, person)

    found = await entitlements(assistance, person_id=person.person_id)
    assert {each["programme_id"] for each in found} == {kits["id"], food["id"]}
    assert [each["status"] for each in found] == ["open", "open"]


async def test_a_programme_covers_its_categories_in_its_places_and_below(
    assistance: Running,
) -> None:
    await created(assistance)
    entitled = 0

    for category, place, covered in (
        ("migrant", "LY0209", True),
        ("idp", "LY02090812", True),
        ("returnee", "LY020908", False),
        ("migrant", "LY0210", False),
        ("migrant", "LY02", False),
    ):
        await assistance.hear(registered(category=category, place=place))

        entitled += covered
        assert len(await entitlements(assistance)) == entitled, (category, place)


async def test_a_programme_that_is_over_covers_nobody(assistance: Running) -> None:
    await created(assistance, period={"starts_on": "2025-01-01", "ends_on": "2025-12-31"})

    await assistance.hear(registered())

    assert await entitlements(assistance) == []


async def test_a_new_programme_finds_the_people_who_were_there_before(assistance: Running) -> None:
    await assistance.hear(*(registered() for _ in range(250)))

    programme = await created(assistance)

    found = await settled(assistance, 250, programme_id=programme["id"])
    assert len({each["person_id"] for each in found}) == len(found) == 250


async def test_nobody_is_missed_when_people_and_programmes_come_at_once(
    assistance: Running,
) -> None:
    people = [registered() for _ in range(80)]

    async def arrive() -> None:
        for person in people:
            await assistance.hear(person)

    async def plan() -> list[dict[str, Any]]:
        return [await created(assistance, name=f"Programme {number}") for number in range(6)]

    _, programmes = await asyncio.gather(arrive(), plan())

    found = await settled(assistance, len(people) * len(programmes))
    pairs = {(each["programme_id"], each["person_id"]) for each in found}
    assert len(pairs) == len(found) == len(people) * len(programmes)


async def test_a_programme_waits_for_the_person_who_is_just_being_remembered(
    assistance: Running,
) -> None:
    person = registered()

    async with assistance.database.write() as session:
        await entitle_new_people(session, [person])
        planning = asyncio.create_task(created(assistance))
        # Long enough for the programme to look for its people, were it not made to wait.
        await asyncio.sleep(1.5)
    programme = await planning

    (found,) = await settled(assistance, 1)
    assert found["programme_id"] == programme["id"]


async def test_who_departs_loses_what_is_open_and_keeps_what_was_delivered(
    assistance: Running,
) -> None:
    await created(assistance)
    await created(assistance, name="Food")
    person = registered()
    await assistance.hear(person)
    received, _ = await entitlements(assistance)
    done = await assistance.client.post(
        "/v1/assistance/distributions", json={"entitlement_id": received["id"]}
    )
    assert done.status_code == 201, done.text

    await assistance.hear(departed(person.person_id))

    found = {each["id"]: each for each in await entitlements(assistance)}
    assert found.pop(received["id"])["status"] == "delivered"
    (closed,) = found.values()
    assert (closed["status"], closed["closed_because"]) == ("closed", "departed")
    refused = await assistance.client.post(
        "/v1/assistance/distributions", json={"entitlement_id": closed["id"]}
    )
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/entitlement-closed")


async def test_what_follows_from_an_event_is_on_record_as_the_systems_act(
    assistance: Running,
) -> None:
    await created(assistance)
    person = registered()

    await assistance.hear(person, person, departed(person.person_id), departed(person.person_id))

    entry = assistance.database.tables.audit_entry
    async with assistance.database.read() as session:
        statement = select(entry).where(col(entry.actor).startswith("system:"))
        found = (await session.exec(statement.order_by(col(entry.id)))).all()
    assert [(each.actor, each.action, each.resource, each.reason) for each in found] == [
        ("system:registration.person_registered.v1", "create", "entitlement", None),
        ("system:returns.person_departed.v1", "update", "entitlement", "departed"),
    ]


async def test_who_is_known_to_have_departed_first_is_entitled_to_nothing(
    assistance: Running,
) -> None:
    await created(assistance)
    person = registered()

    await assistance.hear(departed(person.person_id), person)

    assert await entitlements(assistance) == []
    known = (await assistance.client.get(f"/v1/assistance/people/{person.person_id}")).json()
    assert (known["status"], known["entitlements"]) == ("departed", [])


def departed(person_id: Any) -> PersonDeparted:
    return PersonDeparted(case_id=new_id(), person_id=person_id, departed_on=today())


async def test_the_same_programme_again_is_the_first_and_another_of_its_name_is_refused(
    assistance: Running,
) -> None:
    first = await created(assistance)

    again = await assistance.client.post("/v1/assistance/programmes", json=KITS)
    other = await assistance.client.post(
        "/v1/assistance/programmes", json=KITS | {"donor": "Another donor"}
    )

    assert (again.status_code, again.json()) == (200, first)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/programme-exists")


async def test_a_programme_that_cannot_be_is_refused_at_its_place(assistance: Running) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"places": ["LY9999"]}, "/places/0"),
        ({"places": []}, "/places"),
        ({"population_categories": ["tourist"]}, "/population_categories/0"),
        ({"period": {"starts_on": "2026-02-01", "ends_on": "2026-01-01"}}, "/period"),
        ({"period": {"starts_on": "2023-02-29", "ends_on": "2026-01-01"}}, "/period/starts_on"),
        ({"item": {"name": "Kit", "quantity": 0}}, "/item/quantity"),
        ({"item": {"name": "Kit", "quantity": "3"}}, "/item/quantity"),
        ({"budget": 3}, "/budget"),
    ]
    for change, pointer in cases:
        response = await assistance.client.post("/v1/assistance/programmes", json=KITS | change)

        assert response.status_code == 422, response.text
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
        listed = await assistance.client.get("/v1/assistance/programmes")
        assert listed.json() == {"items": [], "next_cursor": None}
