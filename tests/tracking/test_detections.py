"""Displacement that figures tell of by themselves: thresholds, and changes unlike any before."""

from typing import Any

import pytest
from sqlmodel import select

from chassis.tables import OutboxColumns
from services.tracking.detections.rules import band, unusual
from services.tracking.main import SERVICE
from services.tracking.series.models import TrendPoint
from tests.conftest import Running, Start, client_of
from tests.tracking.test_rounds import finished
from tests.tracking.test_series import IMPORTS, table

PATH = "/v1/tracking/detections"
QUIET = [1000, 1010, 1000, 1015, 1005, 1012, 1001]


def told(values: list[int | None], same_places: int | None = None) -> list[TrendPoint]:
    points: list[TrendPoint] = []
    before: int | None = None
    for number, value in enumerate(values, 1):
        change = None if before is None or value is None else value - before
        points.append(
            TrendPoint(
                component="mobility_tracking",
                population="idp",
                pcode="LY",
                round_number=number,
                value=value,
                change=change,
            )
        )
        before = value if value is not None else before
    points[-1].change_same_places = same_places
    return points


def kinds(points: list[TrendPoint], threshold: int | None = None) -> list[str]:
    return [each.kind for each in unusual(points, threshold)]


def test_a_change_is_unusual_only_beyond_what_rounds_before_it_did() -> None:
    assert kinds(told([*QUIET, 1020])) == []
    assert kinds(told([*QUIET, 1200])) == ["change"]
    assert kinds(told([*QUIET, 800])) == ["change"]
    assert kinds(told([*QUIET, None, 1200, None])) == ["change"]
    restless: list[int | None] = [1000, 1300, 900, 1400, 1000, 1250, 1001]
    assert kinds(told([*restless, 1200])) == []


def test_of_too_few_rounds_nobody_says_what_is_usual() -> None:
    assert kinds(told([1000, 1010, 1000, 1010, 1000, 9000])) == []
    assert kinds(told([1000, 1010, 1000, 1010, 1000, 1010, 9000])) == ["change"]
    assert kinds([]) == kinds(told([None, None])) == []


def test_more_coverage_alone_is_no_displacement() -> None:
    assert kinds(told([*QUIET, 1600], same_places=5)) == []
    assert kinds(told([*QUIET, 1020], same_places=-400)) == ["change"]


def test_a_threshold_is_told_when_it_is_reached_and_not_as_long_as_it_is() -> None:
    assert kinds(told([90, 99]), 100) == []
    assert kinds(told([90, 100]), 100) == ["threshold"]
    assert kinds(told([100, 120]), 100) == []
    assert kinds(told([120]), 100) == ["threshold"]


def test_the_band_stands_one_outlier_among_the_changes_before() -> None:
    assert band([10, -10, 12, -8, 5000], around=1000) == band([10, -10, 12, -8, 60], around=1000)
    assert band([0, 0, 0, 0, 0], around=100_000) == (-2000, 2000)
    assert band([0, 0, 0, 0, 0], around=10) == (-50, 50)


async def listed(tracking: Running, **query: Any) -> list[dict[str, Any]]:
    response = await tracking.client.get(PATH, params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_what_was_detected_is_told_once_and_acknowledged_once(start: Start) -> None:
    tracking = await start(SERVICE)
    form = {"population": "idp", "pcode": "LY", "individuals": 1100}
    assert (await tracking.client.post(f"{PATH}/thresholds", json=form)).status_code == 200
    rows = [f"{n},,,{value},,a,direct,," for n, value in enumerate([*QUIET, 1200], 1)]

    await finished(tracking, IMPORTS, table(*rows[:-1]))
    assert await listed(tracking) == []
    await finished(tracking, IMPORTS, table(rows[-1]))
    await finished(tracking, IMPORTS, table(*rows))

    found = {each["kind"]: each for each in await listed(tracking, acknowledged=False)}
    assert found.keys() == {"threshold", "change"}
    change = found["change"]
    assert (change["round_number"], change["value"], change["change"]) == (8, 1200, 199)
    assert change["low"] < 0 < change["high"] < 199
    assert f"{change['high']:+}" in change["explanation"]
    async with tracking.database.read() as session:
        outbox: Any = tracking.database.tables.outbox
        sent: list[OutboxColumns] = list((await session.exec(select(outbox))).all())
    events = [each.type for each in sent]
    assert events.count("tracking.displacement_detected.v1") == 2

    address = f"{PATH}/{change['id']}/acknowledgement"
    first = await tracking.client.post(address, json={"finding": "displacement"})
    again = await tracking.client.post(address, json={"finding": "displacement"})
    async with client_of(tracking.app, sub="another") as another:
        other = await another.post(address, json={"finding": "coverage"})
    assert [each.status_code for each in (first, again, other)] == [200, 200, 409]
    assert [each["kind"] for each in await listed(tracking, acknowledged=False)] == ["threshold"]
    assert (await listed(tracking, acknowledged=True, place="LY"))[0]["finding"] == "displacement"


@pytest.mark.parametrize(
    "form",
    [
        {"population": "idp", "pcode": "LY", "individuals": 0},
        {"population": "idp", "pcode": "LY", "individuals": 1.5},
        {"population": "idp", "pcode": "LY0199", "individuals": 5},
        {"population": "nobody", "pcode": "LY", "individuals": 5},
        {"population": "idp", "pcode": "LY"},
    ],
)
async def test_a_threshold_that_says_nothing_is_refused(start: Start, form: Any) -> None:
    tracking = await start(SERVICE)

    response = await tracking.client.post(f"{PATH}/thresholds", json=form)

    assert response.status_code == 422
    assert (await tracking.client.get(f"{PATH}/thresholds")).json()["items"] == []
