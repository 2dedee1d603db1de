"""What the paths of IOM's API show of rounds: what was published of them, and nothing else."""

from typing import Any
from uuid import UUID

import pytest

from chassis.clock import now
from services.tracking.displacement import rules
from services.tracking.main import SERVICE
from services.tracking.publications.models import Publication, PublicCell
from services.tracking.series.models import PublishedFigure, TrendPoint
from tests.conftest import Running, Start
from tests.tracking.test_series import counted

ADMIN = "/v3/displacement/admin"
TOLD = {"dimension": "total", "category": ""}


async def publication(tracking: Running, number: int, vintage: int | None, **cells: Any) -> None:
    row = Publication(
        id=UUID(int=100 * number + (vintage or 0)),
        round_number=number,
        population="idp",
        vintage=vintage,
        round_version=1,
        individuals=0,
        k=10,
        dimensions=[],
        beside=[],
        cells=0,
        suppressed=0,
        drafted_by="somebody",
        decided_at=now() if vintage else None,
    )
    async with tracking.database.write() as session:
        session.add(row)
        for pcode, value in cells.items():
            level = len(pcode) // 2 - 1
            cell: dict[str, Any] = TOLD | {"pcode": pcode, "level": level, "value": value}
            session.add(PublicCell(publication_id=row.id, **cell))
        await session.flush()
        # What is published takes no more cells.
        row.status = "published" if vintage else "draft"


async def published_elsewhere(tracking: Running, number: int, pcode: str, value: int) -> None:
    row = PublishedFigure(
        component="mobility_tracking",
        population="idp",
        pcode=pcode,
        round_number=number,
        vintage=1,
        value=value,
        source="https://example.org/round",
        basis="direct",
        confidence="high",
        known_since=now().date(),
    )
    async with tracking.database.write() as session:
        session.add(row)


async def rows(tracking: Running, level: int, **query: Any) -> list[tuple[Any, ...]]:
    wanted = {"CountryName": "libya"} | query
    response = await tracking.client.get(f"{ADMIN}{level}", params=wanted)
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["isSuccess"], body["statusCode"], body["errorMessages"]) == (True, 200, [])
    assert body["totalRecordsCount"] == len(body["result"])
    return [
        (each["admin1Pcode"], each["roundNumber"], each["numPresentIdpInd"])
        for each in body["result"]
    ]


async def test_only_what_is_public_of_a_round_is_shown_and_hidden_figures_are_not(
    start: Start,
) -> None:
    tracking = await start(SERVICE)
    for number in (1, 2, 3):
        await counted(tracking, number, {"LY01010101": {"SDN": 60}, "LY02010101": {"SDN": 5}})
    await publication(tracking, 1, 1, LY=65, LY01=60, LY02=None)
    await publication(tracking, 2, 1, LY=64, LY01=59)
    await publication(tracking, 2, 2, LY=75, LY01=70)
    await publication(tracking, 3, None, LY=65, LY01=60)
    for place in ("LY02", "LY03"):
        await published_elsewhere(tracking, 1, place, 5)

    assert await rows(tracking, 0) == [(None, 1, 65), (None, 2, 75)]
    # What another source told of LY02 is hidden too; of LY03 nothing is.
    assert await rows(tracking, 1) == [("LY01", 1, 60), ("LY01", 2, 70), ("LY03", 1, 5)]
    assert await rows(tracking, 1, Admin1Name="EAST", FromRoundNumber=2) == [("LY01", 2, 70)]
    assert await rows(tracking, 2) == []
    day = now().date().isoformat()
    assert len(await rows(tracking, 0, FromReportingDate=day, ToReportingDate=day)) == 2
    assert await rows(tracking, 0, ToReportingDate="2020-01-01") == []


def test_places_of_origin_are_named_the_most_frequent_first_where_none_is_hidden() -> None:
    point = TrendPoint(
        component="mobility_tracking", population="idp", pcode="LY02", round_number=7
    )
    parts = {("origin", "SDN"): 40, ("origin", "LY01"): 60, ("origin", "LY03"): 0}

    whole, hidden = (rules.row(point, value, {"LY01": "East"}, parts) for value in (100, 104))

    assert (whole.idp_origin_admin1_name, whole.idp_origin_admin1_pcode) == (
        "East, Sudan",
        "LY01, SDN",
    )
    assert (hidden.idp_origin_admin1_name, hidden.idp_origin_admin1_pcode) == (
        "Not available",
        "Not available",
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"CountryName": "Libya", "FromRoundNumber": 0}, 422),
        ({"CountryName": "Libya", "FromReportingDate": "01.02.2020"}, 422),
        ({"CountryName": "Libya", "Admin1Name": "East"}, 400),
        ({"Admin0Pcode": "TCD"}, 200),
    ],
)
async def test_a_question_without_a_country_or_of_another_kind_is_refused(
    start: Start, query: dict[str, Any], status: int
) -> None:
    tracking = await start(SERVICE)

    assert (await tracking.client.get(f"{ADMIN}0", params=query)).status_code == status
