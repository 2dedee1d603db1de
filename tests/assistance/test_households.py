"""Assistance knows with whom people live, and follows each change of it in whatever order."""

from uuid import UUID

from chassis.clock import new_id, today
from contracts.registration import HouseholdChanged
from tests.assistance.conftest import created, registered
from tests.conftest import Running

REGISTRATION = {"X-Purpose": "registration"}


def household(
    id_: UUID,
    version: int,
    *members: UUID,
    ended: bool = False,
    collector: UUID | None = None,
    alternate: UUID | None = None,
) -> HouseholdChanged:
    return HouseholdChanged(
        household_id=id_,
        version=version,
        kind="household",
        organisation="iom",
        location_pcode="LY020908",
        head_person_id=members[0] if members else None,
        collector_person_id=collector,
        alternate_person_id=alternate,
        member_ids=list(members),
        size=len(members),
        composition={},
        counted_on=today(),
        ended_on=today() if ended else None,
        joined_into=None,
    )


async def home(assistance: Running, person: UUID) -> tuple[str | None, int | None, str | None]:
    path = f"/v1/assistance/people/{person}"
    answer = await assistance.client.get(path, headers=REGISTRATION)
    assert answer.status_code == 200, answer.text
    names = ("household_id", "household_size", "household_collector_person_id")
    one, two, three = (answer.json()[name] for name in names)
    return one, two, three


async def listed(assistance: Running, household_id: UUID) -> set[str]:
    answer = await assistance.client.get(
        "/v1/assistance/entitlements",
        params={"household_id": str(household_id)},
        headers=REGISTRATION,
    )
    assert answer.status_code == 200, answer.text
    return {each["person_id"] for each in answer.json()["items"]}


async def test_an_entitled_person_is_in_the_household_that_the_register_has_now(
    assistance: Running,
) -> None:
    await created(assistance)
    mother, son, uncle = new_id(), new_id(), new_id()
    one, other = new_id(), new_id()
    await assistance.hear(*map(registered, (mother, son, uncle)))
    assert await home(assistance, son) == (None, None, None)

    await assistance.hear(household(one, 2, mother, son, uncle, collector=mother))
    assert await home(assistance, son) == (str(one), 3, str(mother))
    assert await listed(assistance, one) == {str(each) for each in (mother, son, uncle)}

    # A split is told as two households; older news of the first changes nothing any more.
    await assistance.hear(household(other, 1, uncle), household(one, 4, mother, son))
    await assistance.hear(household(one, 3, mother, son, uncle))
    assert await home(assistance, uncle) == (str(other), 1, None)
    assert await home(assistance, mother) == (str(one), 2, None)
    assert await listed(assistance, one) == {str(mother), str(son)}

    # Joined again, the other one has ended.
    await assistance.hear(household(one, 5, mother, son, uncle), household(other, 2, ended=True))
    assert (await home(assistance, uncle))[0] == str(one)
    assert await listed(assistance, other) == set()

    # With whom somebody lives is seen for a purpose, and nobody filters by it without one.
    plain = await assistance.client.get(f"/v1/assistance/people/{son}")
    assert plain.json()["household_id"] == {"masked": True}
    query = {"household_id": str(one)}
    blind = await assistance.client.get("/v1/assistance/entitlements", params=query)
    assert (blind.status_code, blind.json()["type"]) == (403, "/problems/masked-field")
