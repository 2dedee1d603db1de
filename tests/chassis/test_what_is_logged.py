"""A request is logged by its route's pattern, and who asks every second is not logged at all."""

import pytest
from structlog.testing import capture_logs

from services.tracking.main import SERVICE
from tests.conftest import Start, bearer


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_questions_for_health_are_not_logged(start: Start, path: str) -> None:
    tracking = await start(SERVICE)
    with capture_logs() as lines:
        assert (await tracking.client.get(path)).status_code == 200
    assert [line for line in lines if line["event"] == "request"] == []


async def test_a_request_is_logged_by_its_pattern_and_not_by_its_path(start: Start) -> None:
    tracking = await start(SERVICE)
    with capture_logs() as lines:
        await tracking.client.get("/v1/tracking/places/LY0211", headers=bearer())
        await tracking.client.get("/v1/tracking/nothing/LY0211", headers=bearer())
    routes = [line["route"] for line in lines if line["event"] == "request"]
    assert routes == ["/v1/tracking/places/{pcode}", "unmatched"]
