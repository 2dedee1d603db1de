"""What anybody may read, and how often."""

import pytest

from gateway.identity.clients import admission
from gateway.identity.limits.service import Limit
from tests.gateway.house import House

FIGURES = "/v1/tracking/public/rounds"


async def test_public_figures_need_no_token_and_one_address_may_not_ask_without_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PUBLIC_READS", Limit("public", 3, 60))

    answers = [await house.client.get(FIGURES) for _ in range(5)]
    async with house.from_address("198.51.100.9") as another:
        elsewhere = await another.get(FIGURES)
    guarded = await house.client.get("/v1/tracking/rounds")

    assert [each.status_code for each in answers] == [204, 204, 204, 429, 429]
    assert answers[-1].json()["type"] == "/problems/rate-limited"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert elsewhere.status_code == 204
    assert guarded.status_code == 401
