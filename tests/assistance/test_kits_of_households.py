"""A programme gives its item to a household once, whatever becomes of the household."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.clock import new_id, today
from contracts.registration import ErasureRequested, PersonCorrected, PersonMerged
from contracts.returns import PersonDeparted
from services.assistance.entitlements.rules import closed_because
from services.assistance.programmes.models import Programme
from services.assistance.programmes.rules import covers
from tests.assistance.conftest import KITS, created, entitlements, registered
from tests.assistance.test_entitlements import settled
from tests.assistance.test_households import REGISTRATION, household
from tests.conftest import Running

PER_HOUSEHOLD = KITS["item"] | {"per": "household"}
DISTRIBUTIONS = "/v1/assistance/distributions"


async def of(assistance: Running, household_id: UUID) -> list[tuple[Any, ...]]:
    """Return how a household stands in each programme, and who stands for it."""
    answer = await assistance.client.get(
        "/v1/assistance/entitlements",
        params={"household_id": str(household_id)},
        headers=REGISTRATION,
    )
    assert answer.status_code == 200, answer.text
    return [
        (each["status"], each["closed_because"], UUID(each["person_id"]))
        for each in answer.json()["items"]
        if each["household_id"]
    ]


async def handed(
    assistance: Running, household_id: UUID, collected_by: UUID | None
) -> httpx.Response:
    query = {"household_id": str(household_id)}
    found = await assistance.client.get(
        "/v1/assistance/entitlements", params=query, headers=REGISTRATION
    )
    [entitlement] = [each["id"] for each in found.json()["items"] if each["household_id"]]
    body = {"entitlement_id": entitlement, "collected_by": collected_by and str(collected_by)}
    return await assistance.client.post(DISTRIBUTIONS, json=body, headers=REGISTRATION)


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.mark.parametrize(
    ("ended", "departed", "served", "because"),
    [
        (False, False, False, None),
        (False, False, True, "household_served"),
        (False, True, True, "departed"),
        (True, True, True, "household_ended"),
    ],
)
def test_a_household_receives_unless_it_is_over_or_somebody_in_it_has(
    ended: bool, departed: bool, served: bool, because: str | None
) -> None:
    assert closed_because(ended=ended, departed=departed, served=served) == because


@pytest.mark.parametrize(("kept_by", "covered"), [("iom", True), ("unhcr", False), (None, False)])
def test_a_programme_covers_whom_its_own_organisation_keeps(
    kept_by: str | None, covered: bool
) -> None:
    programme = Programme(
        organisation="iom",
        name="Kits",
        donor="A donor",
        starts_on=today(),
        ends_on=today(),
        population_categories=["idp"],
        places=["LY0209"],
        item_name="Kit",
        item_quantity=1,
        item_unit="kit",
        created_by="somebody",
    )

    is_covered = covers(programme, kept_by=kept_by, category="idp", pcode="LY020908", today=today())

    assert is_covered == covered


async def test_a_household_receives_one_item_by_its_collector_and_no_second_after_a_split(
    assistance: Running,
) -> None:
    programme = await created(assistance, item=PER_HOUSEHOLD)
    assert programme["item"]["per"] == "household"
    mother, son, uncle, guest = new_id(), new_id(), new_id(), new_id()
    home, other, guests = new_id(), new_id(), new_id()
    # The news of a household may come before that of its people.
    await assistance.hear(household(home, 1, mother, son, uncle, collector=uncle))
    assert await of(assistance, home) == []
    await assistance.hear(*map(registered, (mother, son, uncle, guest)))
    assert await of(assistance, home) == [("open", None, uncle)]
    assert len(await entitlements(assistance)) == 1
    # Another collector, and a household that comes and goes before anything is handed over.
    await assistance.hear(
        household(home, 2, mother, son), household(other, 1, uncle), household(guests, 1, guest)
    )
    assert await of(assistance, home) == [("open", None, mother)]
    assert await of(assistance, other) == [("open", None, uncle)]
    await assistance.hear(
        household(other, 2, ended=True),
        household(home, 3, mother, son, uncle, collector=uncle, alternate=mother),
    )
    for who, found in ((uncle, 2), (mother, 1), (son, 0)):
        assert len(await entitlements(assistance, person_id=who)) == found
        shown = await assistance.client.get(f"/v1/assistance/people/{who}")
        assert len(shown.json()["entitlements"]) == found
    assert await of(assistance, home) == [("open", None, uncle)]
    assert await of(assistance, other) == [("closed", "household_ended", uncle)]

    # Only who receives for it may come, and one time.
    for nobody in (None, son, guest):
        assert slug(await handed(assistance, home, nobody)) == (409, "not-the-collector")
    done = await handed(assistance, home, uncle)
    assert done.status_code == 201, done.text
    assert done.json()["collected_by"] == str(uncle)
    assert done.json()["household_id"] == str(home)
    assert slug(await handed(assistance, home, uncle)) == (409, "already-delivered")

    # Who lived there brings no second one: not by a split, nor to the guest they move to.
    await assistance.hear(household(home, 4, mother), household(new := new_id(), 1, son))
    assert await of(assistance, new) == []
    await assistance.hear(household(home, 5, mother, son), household(new, 2, ended=True))
    await assistance.hear(household(guests, 2, guest, uncle))
    assert await of(assistance, guests) == [("closed", "household_served", guest)]
    refused = await handed(assistance, guests, guest)
    assert slug(refused) == (409, "entitlement-closed")
    assert "has received it with another household" in refused.json()["detail"]
    # The guest who is alone again has not received it.
    await assistance.hear(household(guests, 3, guest), household(home, 6, mother, son, uncle))
    assert await of(assistance, guests) == [("open", None, guest)]
    assert await of(assistance, home) == [("delivered", None, uncle)]
    # A programme that comes later finds the households that are there, each once.
    later = await created(assistance, name="Stoves", item=PER_HOUSEHOLD)
    assert len(await settled(assistance, 2, programme_id=later["id"])) == 2


async def test_a_household_registered_twice_receives_once_and_each_again_when_taken_apart(
    assistance: Running,
) -> None:
    await created(assistance, item=PER_HOUSEHOLD)
    food = await created(assistance, name="Food", item={"name": "Food basket"})
    first, again, one, two = new_id(), new_id(), new_id(), new_id()
    await assistance.hear(registered(first), registered(again))
    await assistance.hear(household(one, 1, first), household(two, 1, again))
    assert [await of(assistance, each) for each in (one, two)] == [
        [("open", None, first)],
        [("open", None, again)],
    ]
    merged = PersonMerged(person_id=again, merged_into=first, version=2)
    await assistance.hear(merged, household(one, 2, first))
    [basket] = await entitlements(assistance, programme_id=food["id"], status="open")
    body = {"entitlement_id": basket["id"], "collected_by": str(first)}
    assert slug(await assistance.client.post(DISTRIBUTIONS, json=body)) == (422, "validation")

    # By either registration it is the collector who comes.
    assert (await handed(assistance, one, again)).status_code == 201
    assert await of(assistance, two) == [("closed", "household_served", again)]
    apart = PersonMerged(person_id=again, merged_into=None, version=3)
    await assistance.hear(apart)
    assert await of(assistance, two) == [("open", None, again)]

    # What is open goes on with whoever is left, and ends with the last of them.
    third = new_id()
    await assistance.hear(registered(third), household(two, 2, again, third))
    await assistance.hear(
        ErasureRequested(erasure_id=new_id(), person_id=again), household(two, 3, third)
    )
    assert await of(assistance, two) == [("open", None, third)]
    moved = PersonCorrected(
        person_id=third, version=2, population_category="returnee", location_pcode="LY02", fields=[]
    )
    await assistance.hear(moved)
    assert await of(assistance, two) == [("open", None, third)]
    gone = PersonDeparted(case_id=new_id(), person_id=third, departed_on=today())
    await assistance.hear(gone)
    assert await of(assistance, two) == [("closed", "departed", third)]
