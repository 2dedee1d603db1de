"""What assistance does when the register was wrong about a person."""

from uuid import UUID

from chassis.clock import new_id
from contracts.registration import PersonCorrected
from tests.assistance.conftest import created, entitlements, registered
from tests.conftest import Running


async def test_a_correction_entitles_to_what_it_opens_and_takes_nothing_away(
    assistance: Running,
) -> None:
    kits = await created(assistance)
    blankets = await created(assistance, name="Blankets", population_categories=["returnee"])
    person = new_id()
    await assistance.hear(registered(person, "migrant"))

    await assistance.hear(corrected(person, 2, "returnee"))

    found = await entitlements(assistance, person_id=str(person))
    assert {each["programme_id"] for each in found} == {kits["id"], blankets["id"]}


async def test_a_correction_that_comes_before_the_registration_is_what_counts(
    assistance: Running,
) -> None:
    await created(assistance)
    person = new_id()

    await assistance.hear(
        corrected(person, 3, "returnee"),
        corrected(person, 2, "migrant"),
        registered(person, "migrant"),
    )

    assert await entitlements(assistance, person_id=str(person)) == []


def corrected(person_id: UUID, version: int, category: str) -> PersonCorrected:
    return PersonCorrected(
        person_id=person_id,
        version=version,
        population_category=category,
        location_pcode="LY020908",
        fields=["population_category"],
    )
