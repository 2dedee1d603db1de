"""A round made of the values chosen from estimates, and its way to the public and back."""

from typing import Any

from services.tracking.main import SERVICE
from services.tracking.triangulation.rules import confidence
from tests.conftest import Running, Start, client_of
from tests.tracking.test_field_work import MUHALLAS, URL, made, with_muhallas
from tests.tracking.test_publications import drafted

ROUND = {"round_number": 7, "population": "idp"}
COMPILE = "rounds/7/compilations"
SEEN = {"source": "direct_observation", "told_on": "2024-08-20"}


async def estimated(tracking: Running, place: str, *values: int, **figure: Any) -> None:
    """Let a figure be estimated by as many sources, and the median of them be chosen."""
    key = ROUND | {"place_pcode": place} | figure
    for value in values:
        await made(tracking, "estimates", key | SEEN | {"value": value})
    median = sorted(values)[len(values) // 2]
    choice = key | {"value": median, "method": "median", "reason": "They hardly differ."}
    await made(tracking, "triangulations", choice)


async def status(
    tracking: Running, path: str, method: str = "POST", **sent: Any
) -> tuple[int, str]:
    response = await tracking.client.request(method, f"{URL}/{path}", **sent)
    return response.status_code, response.json().get("type", "").removeprefix("/problems/")


async def test_chosen_values_become_the_figures_of_a_round_with_sources_and_confidence(
    start: Start,
) -> None:
    tracking = await with_muhallas(await start(SERVICE))
    body = {"population": "idp", "period": "2024-08"}
    assert await status(tracking, COMPILE, json=body) == (409, "out-of-order")
    await estimated(tracking, MUHALLAS[0], 90, 100, 110)
    await estimated(tracking, MUHALLAS[1], 40, 60, 200)
    await estimated(tracking, MUHALLAS[1], 60, dimension="sex", category="male")
    await estimated(tracking, MUHALLAS[0], 7, dimension="water_points")

    first = await made(tracking, COMPILE, body)
    again = await made(tracking, COMPILE, body)

    told = ("version", "individuals", "places", "chosen", "changed", "left_out")
    assert tuple(first[each] for each in told) == (1, 160, 2, 4, 3, 1)
    assert (again["version"], again["changed"]) == (1, 0)
    path = f"{URL}/rounds/7/figures?population=idp&level="
    items = (await tracking.client.get(f"{path}4")).json()["items"]
    assert [(each["value"], each["source_count"], each["confidence"]) for each in items] == [
        (100, 3, "high"),
        (60, 3, "low"),
    ]
    [baladiya] = (await tracking.client.get(f"{path}3")).json()["items"]
    assert (baladiya["value"], baladiya["confidence"]) == (160, None)
    # The first muhalla has no sex; what does not sum is listed as it is for any round.
    wrong = (await tracking.client.get(f"{URL}/rounds/7/disagreements?population=idp")).json()
    assert [each["pcode"] for each in wrong["items"]] == [MUHALLAS[0]]
    await estimated(tracking, MUHALLAS[0][:8], 500)
    assert await status(tracking, COMPILE, json=body) == (409, "round-disagrees")


async def test_a_round_is_published_when_it_is_validated_and_then_stays_so(start: Start) -> None:
    tracking = await with_muhallas(await start(SERVICE))
    second = client_of(tracking.app, sub="second-analyst")
    plan = ROUND | {"starts_on": "2024-08-01", "ends_on": "2024-08-31", "assessments": ["B1"]}
    collection = (await made(tracking, "collections", plan))["id"]
    await estimated(tracking, MUHALLAS[0], 90, 100, 110)
    body = {"population": "idp"}
    assert await status(tracking, COMPILE, json=body) == (409, "out-of-order")
    path = f"collections/{collection}"
    for version, step in ((1, "collecting"), (2, "validating")):
        sent = {"json": {"status": step}, "headers": {"If-Match": f'"{version}"'}}
        assert await status(tracking, path, "PATCH", **sent) == (200, "")
    await made(tracking, COMPILE, body)

    draft = await drafted(tracking, **body)
    public = await second.post(f"{URL}/publications/{draft['id']}/approval")

    assert public.status_code == 200, public.text
    assert (await tracking.client.get(f"{URL}/{path}")).json()["status"] == "published"
    [listed] = (await tracking.client.get(f"{URL}/collections")).json()["items"]
    assert listed["status"] == "published"
    sent = {"json": {"status": "collecting"}, "headers": {"If-Match": '"3"'}}
    assert await status(tracking, path, "PATCH", **sent) == (409, "out-of-order")
    silent = await status(tracking, "rounds/7/publications", json=body)
    assert silent == (422, "restatement-unexplained")


def test_a_value_is_relied_on_by_how_many_told_it_and_how_far_they_are_apart() -> None:
    assert confidence(3, 90, 110, 100) == "high"
    assert confidence(2, 90, 110, 100) == "medium"
    assert confidence(4, 60, 110, 100) == "medium"
    assert confidence(4, 40, 110, 100) == "low"
    assert confidence(1, 100, 100, 100) == "low"
    assert confidence(3, 0, 0, 0) == "high"
