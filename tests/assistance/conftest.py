"""A mission with one mantika, its programmes, and people of whom registration has told."""

from typing import Any
from uuid import UUID

import pytest

from chassis.clock import new_id, today
from contracts.registration import PersonRegistered
from services.assistance.main import SERVICE
from services.assistance.places.models import Place
from tests.conftest import Running, Start

KITS: dict[str, Any] = {
    "name": "Non-food items in Nalut",
    "donor": "A donor",
    "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
    "population_categories": ["migrant", "idp"],
    "places": ["LY0209"],
    "item": {"name": "Hygiene kit"},
}


@pytest.fixture
async def assistance(start: Start, service_url: str) -> Running:
    running = await start(SERVICE, url=service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY02", level=1, version=1))
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
    return running


def registered(
    person_id: UUID | None = None, category: str = "migrant", place: str = "LY020908"
) -> PersonRegistered:
    return PersonRegistered(
        person_id=person_id or new_id(),
        population_category=category,
        location_pcode=place,
        registered_on=today(),
        organisation="iom",
        registered_by="test-client",
        case_owner="test-client",
    )


async def created(assistance: Running, **changes: Any) -> dict[str, Any]:
    response = await assistance.client.post("/v1/assistance/programmes", json=KITS | changes)
    assert response.status_code == 201, response.text
    programme: dict[str, Any] = response.json()
    return programme


async def entitlements(assistance: Running, **filters: Any) -> list[dict[str, Any]]:
    """Return all that match, over as many pages as there are."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        response = await assistance.client.get(
            "/v1/assistance/entitlements", params={"limit": 100, **filters, **cursor}
        )
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        if not response.json()["next_cursor"]:
            return found
        cursor = {"cursor": response.json()["next_cursor"]}
