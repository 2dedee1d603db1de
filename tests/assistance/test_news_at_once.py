"""What assistance knows is right, though all news of a person come in the same moment."""

import asyncio

from sqlmodel import select

from chassis.clock import new_id, today
from contracts.registration import PersonCorrected
from contracts.returns import PersonDeparted
from contracts.tracking import PlacesChanged, PlaceVersion
from services.assistance.people.models import Person
from services.assistance.places.models import Place
from tests.assistance.conftest import created, entitlements, registered
from tests.conftest import Running

PEOPLE = 25


async def test_news_of_one_person_at_once_overwrite_nothing(assistance: Running) -> None:
    await created(assistance)
    people = [new_id() for _ in range(PEOPLE)]

    for person in people:
        correction = PersonCorrected(
            person_id=person,
            version=2,
            population_category="returnee",
            location_pcode="LY020909",
            fields=["population_category", "location_pcode"],
        )
        departure = PersonDeparted(case_id=new_id(), person_id=person, departed_on=today())
        together = (registered(person), correction, departure)
        await asyncio.gather(*(assistance.hear(each) for each in together))

    async with assistance.database.read() as session:
        known = (await session.exec(select(Person))).all()
    assert {
        (each.population_category, each.location_pcode, each.departed_on, each.organisation)
        for each in known
    } == {("returnee", "LY020909", today(), "iom")}
    assert len(known) == PEOPLE
    assert await entitlements(assistance, status="open") == []


async def test_reports_of_the_same_places_at_once_keep_the_newest(assistance: Running) -> None:
    def report(version: int, pcodes: list[str]) -> PlacesChanged:
        places = [
            PlaceVersion(pcode=pcode, level=3, parent_pcode="LY0209", version=version)
            for pcode in pcodes
        ]
        return PlacesChanged(change_id=new_id(), places=places)

    pcodes = [f"LY0209{number:02}" for number in range(40)]
    versions = range(1, 7)

    await asyncio.gather(
        *(assistance.hear(report(each, pcodes[:: (-1) ** each])) for each in versions)
    )

    async with assistance.database.read() as session:
        kept = [await session.get_one(Place, pcode) for pcode in pcodes]
    assert {place.version for place in kept} == {max(versions)}
