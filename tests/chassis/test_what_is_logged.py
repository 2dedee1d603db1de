"""A request is logged by its route's pattern, and who asks every second is not logged at all."""

import pytest
from structlog.testing import CapturingLogger

from chassis import telemetry
from services.tracking.main import SERVICE
from tests.conftest import Start, bearer


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """Stand in for the log of requests, of which other tests make what they need."""
    logger = CapturingLogger()
    monkeypatch.setattr(telemetry, "log", logger)
    return logger


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_questions_for_health_are_not_logged(
    start: Start, logger: CapturingLogger, path: str
) -> None:
    tracking = await start(SERVICE)
    assert (await tracking.client.get(path)).status_code == 200
    assert logger.calls == []


async def test_a_request_is_logged_by_its_pattern_and_not_by_its_path(
    start: Start, logger: CapturingLogger
) -> None:
    tracking = await start(SERVICE)
    await tracking.client.get("/v1/tracking/places/LY0211", headers=bearer())
    await tracking.client.get("/v1/tracking/nothing/LY0211", headers=bearer())
    assert [call.kwargs["route"] for call in logger.calls] == [
        "/v1/tracking/places/{pcode}",
        "unmatched",
    ]
