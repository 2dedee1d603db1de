"""A person who is registered twice receives each programme's item once, however news arrives."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from chassis.clock import new_id, today
from contracts.event import Event
from contracts.registration import PersonMerged
from contracts.returns import PersonDeparted
from tests.assistance.conftest import created, entitlements, registered
from tests.conftest import Running


def merge(person: UUID, into: UUID | None, version: int) -> PersonMerged:
    return PersonMerged(person_id=person, merged_into=into, version=version)


async def standing(assistance: Running, *people: UUID) -> list[tuple[str, str | None]]:
    """Return how each person's one entitlement stands, and why."""
    found = {each["person_id"]: each for each in await entitlements(assistance)}
    rows = [found[str(person)] for person in people]
    return [(each["status"], each["closed_because"]) for each in rows]


async def deliver(assistance: Running, person: UUID) -> int:
    [open_one] = [
        each
        for each in await entitlements(assistance, status="open")
        if each["person_id"] == str(person)
    ]
    form = {"entitlement_id": open_one["id"]}
    return (await assistance.client.post("/v1/assistance/distributions", json=form)).status_code


async def test_one_of_two_entitlements_is_set_aside_and_comes_back(assistance: Running) -> None:
    await created(assistance)
    first, second = new_id(), new_id()
    await assistance.hear(registered(first), registered(second))

    await assistance.hear(merge(second, first, 2))
    merged = await standing(assistance, first, second)
    await assistance.hear(merge(second, None, 3))

    assert merged == [("open", None), ("closed", "merged")]
    assert await standing(assistance, first, second) == [("open", None)] * 2


async def test_what_either_has_received_is_not_received_again(assistance: Running) -> None:
    await created(assistance)
    first, second = new_id(), new_id()
    await assistance.hear(registered(first), registered(second))
    assert await deliver(assistance, second) == 201

    await assistance.hear(merge(second, first, 2))
    merged = await standing(assistance, first, second)
    await assistance.hear(merge(second, None, 3))

    assert merged == [("closed", "merged"), ("delivered", None)]
    assert await standing(assistance, first, second) == [("open", None), ("delivered", None)]


ORDERS = list(permutations(range(4)))


@pytest.mark.parametrize("order", ORDERS[::5])
async def test_in_whatever_order_the_news_come_the_end_is_the_same(
    assistance: Running, order: tuple[int, ...]
) -> None:
    await created(assistance)
    first, second = new_id(), new_id()
    news: list[Event] = [
        registered(first),
        registered(second),
        merge(second, first, 4),
        merge(second, None, 3),
    ]

    await assistance.hear(*(news[number] for number in order))

    found: list[dict[str, Any]] = await entitlements(assistance, person_id=str(first))
    assert [each["status"] for each in found if each["status"] == "open"] == ["open"]
    assert {each["closed_because"] for each in found if each["status"] != "open"} <= {"merged"}


async def test_a_registration_that_is_merged_is_entitled_to_nothing_new(
    assistance: Running,
) -> None:
    first, second = new_id(), new_id()
    await assistance.hear(registered(first), merge(second, first, 2), registered(second))

    await created(assistance)
    await assistance.hear(registered(new_id()))

    found = await entitlements(assistance)
    assert str(second) not in {each["person_id"] for each in found}


async def test_a_person_is_shown_with_the_entitlements_of_each_registration(
    assistance: Running,
) -> None:
    await created(assistance)
    first, second = new_id(), new_id()
    await assistance.hear(registered(first), registered(second), merge(second, first, 2))

    seen = [
        (await assistance.client.get(f"/v1/assistance/people/{each}")).json()
        for each in (first, second)
    ]

    assert [each["merged_into"] for each in seen] == [None, str(first)]
    assert [sorted(e["status"] for e in each["entitlements"]) for each in seen] == [
        ["closed", "open"]
    ] * 2


async def test_a_departure_of_either_closes_what_is_open_for_both(assistance: Running) -> None:
    await created(assistance)
    first, second = new_id(), new_id()
    await assistance.hear(registered(first), registered(second), merge(second, first, 2))
    left = PersonDeparted(case_id=new_id(), person_id=second, departed_on=today())

    await assistance.hear(left)
    await created(assistance, name="Blankets")

    assert await standing(assistance, first, second) == [
        ("closed", "departed"),
        ("closed", "merged"),
    ]
    assert await entitlements(assistance, status="open") == []
