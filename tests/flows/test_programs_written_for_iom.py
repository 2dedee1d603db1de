"""IOM's own client of its DTM API, unchanged, reads displacement from this server."""

import asyncio
import json
from collections.abc import AsyncIterator

import dtmapi.api
import pytest
from dtmapi import DTMApi, DTMAuthenticationError

from standalone import Standalone
from tests.gateway.conftest import served
from tests.patience import until
from tests.system import operations, token

SERIES = "/v1/tracking/series/imports"
ROWS = """round,period_start,period_end,idps,migrants,pcode,source_url,basis,component
1,2017-08,2017-09,300,9,LY,a,direct,
1,2017-08,2017-09,200,9,LY01,a,direct,
1,2017-08,2017-09,150,9,LY0101,a,direct,
1,2017-08,2017-09,50,9,LY0102,a,direct,
3,2018-01,2018-02,280,9,LY,a,direct,
4,2018-03,2018-03,120,9,LY0101,a,direct,event_tracking
"""
ADDRESSES = (
    "COUNTRY_LIST_API",
    "OPERATION_LIST_API",
    "IDP_ADMIN_0_API",
    "IDP_ADMIN_1_API",
    "IDP_ADMIN_2_API",
)
COLUMNS = [
    "id",
    "operation",
    "admin0Name",
    "admin0Pcode",
    "admin1Name",
    "admin1Pcode",
    "admin2Name",
    "admin2Pcode",
    "numPresentIdpInd",
    "reportingDate",
    "yearReportingDate",
    "monthReportingDate",
    "roundNumber",
    "displacementReason",
    "numberMales",
    "numberFemales",
    "idpOriginAdmin1Name",
    "idpOriginAdmin1Pcode",
    "assessmentType",
]


@pytest.fixture
async def address(system: Standalone) -> AsyncIterator[str]:
    async with served(system.gateway) as port:
        yield f"http://127.0.0.1:{port}"


async def published(system: Standalone) -> None:
    async with operations(system) as client:
        sent = await client.post(SERIES, files={"file": ("series.csv", ROWS.encode())})
        job = await until(
            lambda: client.get(sent.headers["location"]),
            lambda each: each.json()["status"] == "done",
        )
        assert job.json()["rejected"] == 0


async def new_key(system: Standalone) -> str:
    """Return the key of a client that the administrator makes for a program."""
    form = {"name": "dtmapi", "organisation": "ngo", "roles": ["integrator"]}
    async with operations(system) as client:
        credentials = json.loads((system.home / "bootstrap.json").read_text())
        admin = await token(client, credentials, "admin_")
        client.headers["Authorization"] = f"Bearer {admin}"
        made = (await client.post("/v1/identity/clients", json=form)).json()
        keys = await client.post(f"/v1/identity/clients/{made['id']}/subscription-keys")
        return str(keys.json()["subscription_key"])


async def test_the_official_client_reads_what_is_published(
    system: Standalone, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(system)
    for name in ADDRESSES:
        theirs = getattr(dtmapi.api, name)
        monkeypatch.setattr(dtmapi.api, name, theirs.replace("https://dtmapi.iom.int", address))
    key = await new_key(system)
    api = DTMApi(subscription_key=key, max_retries=0)

    countries = await asyncio.to_thread(api.get_all_countries)
    running = await asyncio.to_thread(api.get_all_operations)
    country = await asyncio.to_thread(api.get_idp_admin0_data, CountryName="Libya")
    regions = await asyncio.to_thread(
        api.get_idp_admin1_data, Admin0Pcode="LBY", Admin1Name="East", to_pandas=False
    )
    mantikas = await asyncio.to_thread(
        api.get_idp_admin2_data,
        Operation="Libya Crisis",
        Admin2Pcode="LY0101",
        FromReportingDate="2017-09-30",
        ToReportingDate="2018-03-31",
        FromRoundNumber=1,
        ToRoundNumber=4,
    )

    assert list(countries["admin0Pcode"]) == ["LBY"]
    assert list(running["operationStatus"]) == ["Active"]
    assert list(country["numPresentIdpInd"]) == [300, 280]
    assert list(country["reportingDate"]) == ["2017-09-30T00:00:00", "2018-02-28T00:00:00"]
    [region] = regions
    assert region["numPresentIdpInd"] == 200
    assert (region["admin1Pcode"], region["admin2Name"]) == ("LY01", None)
    assert list(mantikas["numPresentIdpInd"]) == [150, 120]
    assert list(mantikas["assessmentType"]) == ["BA", "ETT"]
    assert set(mantikas["admin2Name"]) == {"Derna"}
    assert list(mantikas.columns) == COLUMNS
    assert mantikas["id"].is_unique
    elsewhere = await asyncio.to_thread(
        api.get_idp_admin0_data, CountryName="Sudan", to_pandas=False
    )
    assert elsewhere == []
    with pytest.raises(DTMAuthenticationError):
        await asyncio.to_thread(DTMApi(subscription_key="0" * 64, max_retries=0).get_all_countries)
