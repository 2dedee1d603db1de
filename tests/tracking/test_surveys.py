"""Surveys: questionnaires row by row, and results that say how the sample was taken."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import today
from services.tracking.main import SERVICE
from services.tracking.surveys import rules
from tests.conftest import Running, Start, client_of
from tests.tracking.test_flows import a_muhalla, point

SURVEYS = "/v1/tracking/flows/surveys"
SHEETS = "/v1/tracking/flows/questionnaires"
SURVEY: dict[str, Any] = {
    "external_id": "fms-2024",
    "name": "Flow monitoring survey",
    "population": "Migrants who pass the point",
    "sampling": "systematic",
    "chosen": "Every tenth adult who leaves a bus",
    "starts_on": "2024-05-01",
    "ends_on": "2024-05-31",
    "questions": [
        {"code": "reason", "answers": ["work", "war", "family", "other"]},
        {"code": "needs", "answers": ["food", "water"], "takes_several": True},
    ],
}


def sheet(**changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "day": "2024-05-02",
        "sex": "male",
        "age_group": "18_29",
        "nationality": "NER",
        "answers": {"reason": ["work"], "needs": ["food", "water"]},
    } | changes


@pytest.fixture
async def tracking(start: Start) -> Running:
    running = await start(SERVICE)
    await a_muhalla(running)
    return running


async def planned(tracking: Running) -> str:
    response = await tracking.client.post(SURVEYS, json=SURVEY)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def sent(tracking: Running, survey: str, site: str, *sheets: Any) -> dict[str, Any]:
    body = {"survey_id": survey, "site_id": site, "sheets": sheets}
    response = await tracking.client.post(SHEETS, json=body)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_results_are_of_the_sample_and_say_how_it_was_taken(tracking: Running) -> None:
    survey, site = await planned(tracking), await point(tracking)
    rows = [sheet() for _ in range(20)]
    rows += [sheet(answers={"reason": ["war"]}) for _ in range(12)]
    rows += [sheet(answers={"reason": ["family"]}) for _ in range(2)]
    rows.append(sheet(answers={}))

    first = await sent(tracking, survey, site, *rows)
    again = await sent(tracking, survey, site, *rows[:2], rows[2] | {"sex": "female"})

    assert (first["accepted"], first["rejected"]) == (35, 0)
    assert (again["accepted"], again["unchanged"]) == (0, 2)
    assert again["rejected_rows"][0]["code"] == "conflict"
    path = f"{SURVEYS}/{survey}/results"
    told = (await tracking.client.get(path, params={"question": "reason"})).json()
    assert [told[name] for name in ("sampling", "chosen")] == [
        "systematic",
        "Every tenth adult who leaves a bus",
    ]
    assert (told["questionnaires"], told["answered"]) == (35, 34)
    counts = {each["answer"]: each["questionnaires"] for each in told["items"]}
    # Two have fled for their family; with the others told, one could count them.
    assert counts == {"work": 20, "war": None, "family": None, "other": 0}
    needs = (await tracking.client.get(path, params={"question": "needs"})).json()
    assert [each["questionnaires"] for each in needs["items"]] == [20, 20]
    assert (await tracking.client.get(path, params={"question": "name"})).status_code == 404
    listed = (await tracking.client.get(SURVEYS)).json()["items"]
    assert [each["id"] for each in listed] == [survey]
    assert (await tracking.client.post(SURVEYS, json=SURVEY)).status_code == 200
    other = SURVEY | {"sampling": "random"}
    assert (await tracking.client.post(SURVEYS, json=other)).status_code == 409


async def test_a_wrong_questionnaire_is_refused_alone_and_named(tracking: Running) -> None:
    survey, site = await planned(tracking), await point(tracking, opened_on="2024-05-02")
    nowhere_yet = (today() + timedelta(days=2)).isoformat()
    wrong = [
        (sheet(day=nowhere_yet), "day"),
        (sheet(day="2024-06-01"), "day"),
        (sheet(day="2024-05-01"), "day"),
        (sheet(sex="x"), "sex"),
        (sheet(age_group="7"), "age_group"),
        (sheet(nationality="Nigerien"), "nationality"),
        (sheet(answers={"reason": ["money"]}), "answers"),
        (sheet(answers={"reason": ["work", "war"]}), "answers"),
        (sheet(answers={"phone": ["work"]}), "answers"),
        (sheet(name="x"), None),
        ({}, "id"),
    ]

    told = await sent(tracking, survey, site, *(row for row, _ in wrong), sheet())

    assert (told["accepted"], told["rejected"]) == (1, len(wrong))
    named = [(each["row"], each["column"]) for each in told["rejected_rows"]]
    assert named == [(row, column) for row, (_, column) in enumerate(wrong, 1)]
    nowhere = {"survey_id": survey, "site_id": str(UUID(int=1)), "sheets": [sheet()]}
    assert (await tracking.client.post(SHEETS, json=nowhere)).status_code == 422
    async with client_of(tracking.app, organisation="another") as others:
        body = nowhere | {"site_id": site}
        assert (await others.post(SHEETS, json=body)).status_code == 422
        assert (await others.get(f"{SURVEYS}/{survey}")).status_code == 404
    for change in ({"ends_on": "2024-04-30"}, {"questions": SURVEY["questions"][:1] * 2}):
        refused = await tracking.client.post(SURVEYS, json=SURVEY | change)
        assert refused.status_code == 422


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"a": 20, "b": 10, "c": 0}, {"a": 20, "b": 10, "c": 0}),
        ({"a": 20, "b": 9}, {"a": None, "b": None}),
        ({"a": 20, "b": 9, "c": 9}, {"a": 20, "b": None, "c": None}),
        ({"a": 20, "b": 4, "c": 5}, {"a": None, "b": None, "c": None}),
        ({"a": 3}, {"a": None}),
    ],
)
def test_what_is_hidden_cannot_be_had_by_subtracting(
    counts: dict[str, int], told: dict[str, int | None]
) -> None:
    assert rules.told(counts) == told
