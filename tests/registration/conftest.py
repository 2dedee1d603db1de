"""An office in Nalut, on each kind of database."""

import pytest

from services.registration.main import SERVICE
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.office import Office


@pytest.fixture
async def office(start: Start, service_url: str) -> Office:
    running = await start(SERVICE, url=service_url)
    async with running.database.write() as session:
        for pcode, parent in (("LY0209", "LY02"), ("LY020908", "LY0209"), ("LY020901", "LY0209")):
            level = len(pcode) // 2 - 1
            session.add(Place(pcode=pcode, level=level, parent_pcode=parent, version=1))
    return Office(running)
