"""HTTP in and out under the paths of IOM's DTM API v3; no decisions."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from chassis.db import ReadSession
from chassis.operations import Router
from services.tracking.displacement import rules, service
from services.tracking.displacement.models import Country, Displaced, Envelope, Operation
from services.tracking.displacement.rules import Wanted

router = Router(prefix="/v3/displacement", tags=["displacement"])


def _of(name: str) -> object:
    return Query(alias=name, max_length=200)


async def _country(
    operation: Annotated[str | None, _of("Operation")] = None,
    country_name: Annotated[str | None, _of("CountryName")] = None,
    admin0_pcode: Annotated[str | None, _of("Admin0Pcode")] = None,
    first_day: Annotated[date | None, Query(alias="FromReportingDate")] = None,
    last_day: Annotated[date | None, Query(alias="ToReportingDate")] = None,
    first_round: Annotated[int | None, Query(alias="FromRoundNumber", ge=1, le=9999)] = None,
    last_round: Annotated[int | None, Query(alias="ToRoundNumber", ge=1, le=9999)] = None,
) -> Wanted:
    return Wanted(
        operation=operation,
        country_name=country_name,
        admin0_pcode=admin0_pcode,
        first_day=first_day,
        last_day=last_day,
        first_round=first_round,
        last_round=last_round,
    )


InCountry = Annotated[Wanted, Depends(_country)]


async def _region(
    wanted: InCountry,
    admin1_name: Annotated[str | None, _of("Admin1Name")] = None,
    admin1_pcode: Annotated[str | None, _of("Admin1Pcode")] = None,
) -> Wanted:
    return replace(wanted, admin1_name=admin1_name, admin1_pcode=admin1_pcode)


InRegion = Annotated[Wanted, Depends(_region)]


async def _mantika(
    wanted: InRegion,
    admin2_name: Annotated[str | None, _of("Admin2Name")] = None,
    admin2_pcode: Annotated[str | None, _of("Admin2Pcode")] = None,
) -> Wanted:
    return replace(wanted, admin2_name=admin2_name, admin2_pcode=admin2_pcode)


InMantika = Annotated[Wanted, Depends(_mantika)]


@router.get("/country-list")
async def list_countries_of_the_dtm() -> Envelope[Country]:
    """List the countries with displacement data, which is the one of this mission."""
    return Envelope(result=[rules.COUNTRY], total_records_count=1)


@router.get("/operation-list")
async def list_operations_of_the_dtm() -> Envelope[Operation]:
    return Envelope(result=[rules.OPERATION], total_records_count=1)


@router.get("/admin0")
async def list_displaced_of_country(session: ReadSession, wanted: InCountry) -> Envelope[Displaced]:
    """Show displaced people of the whole country by round."""
    return _answer(await service.displaced(session, 0, wanted))


@router.get("/admin1")
async def list_displaced_of_regions(session: ReadSession, wanted: InRegion) -> Envelope[Displaced]:
    """Show displaced people by region and round."""
    return _answer(await service.displaced(session, 1, wanted))


@router.get("/admin2")
async def list_displaced_of_mantikas(
    session: ReadSession, wanted: InMantika
) -> Envelope[Displaced]:
    """Show displaced people by mantika and round."""
    return _answer(await service.displaced(session, 2, wanted))


def _answer(rows: list[Displaced]) -> Envelope[Displaced]:
    return Envelope(result=rows, total_records_count=len(rows))
