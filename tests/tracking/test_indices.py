"""Scores of places, what explains them, and the people in need that follow."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.problems import Problem
from services.tracking.indices.definitions import Definition, definitions, newest
from services.tracking.indices.models import IndexScore
from services.tracking.indices.planning import Scored, rounded
from services.tracking.indices.rules import explanation, score
from services.tracking.main import SERVICE
from tests.conftest import Running, Start
from tests.tracking.test_rounds import finished
from tests.tracking.test_series import IMPORTS, table

SCORES = "/v1/tracking/index-scores"
PLANNING = "/v1/tracking/planning-figures"
FIGURES = "round,idps,source_url,basis,pcode"
PHASES = {"food": "severe", "water": "extreme", "health": "minimal", "shelter": "stress"}


def defined(index: str) -> Definition:
    found = newest(index)
    assert found
    return found


def answers_of(definition: Definition, at: int) -> dict[str, str]:
    return {name: list(options)[at] for name, options in definition.indicators.items()}


@pytest.mark.parametrize("definition", definitions().values(), ids=lambda each: each.index)
def test_the_best_answers_give_the_lowest_score_and_the_worst_the_highest(
    definition: Definition,
) -> None:
    best, worst = (score(definition, answers_of(definition, at)) for at in (0, -1))

    assert (best.score, worst.score) == (definition.lowest, definition.highest)
    assert best.band == next(iter(definition.bands))
    assert worst.band == list(definition.bands)[-1]
    assert worst.missing == []


def test_the_return_index_has_sixteen_indicators_on_two_scales() -> None:
    scales = defined("return_index").scales

    assert [len(each) for each in scales.values()] == [8, 8]


@settings(max_examples=30)
@given(st.data())
def test_the_parts_of_a_score_are_the_whole_of_it(data: st.DataObject) -> None:
    definition = defined("return_index")
    answers = {
        name: data.draw(st.sampled_from(list(options)))
        for name, options in definition.indicators.items()
    }
    for name in data.draw(st.sets(st.sampled_from(sorted(answers)), max_size=4)):
        del answers[name]

    scored = score(definition, answers)

    assert scored.score == pytest.approx(sum(each.adds for each in scored.parts), abs=0.01)
    assert sum(each.share for each in scored.parts) == pytest.approx(1, abs=0.01)
    assert scored.score == pytest.approx(sum(scored.scales.values()) / 2, abs=0.01)
    assert set(scored.missing) == definition.indicators.keys() - answers.keys()
    words = explanation(definition, scored)
    assert scored.band in words
    assert scored.parts[0].indicator in words


def test_answers_that_make_no_score_are_refused() -> None:
    definition = defined("severity_score")
    for answers, code in (
        (PHASES | {"weather": "severe"}, "unknown_indicator"),
        (PHASES | {"food": "bad"}, "unknown_answer"),
        ({"food": "severe"}, "too_few"),
    ):
        with pytest.raises(Problem) as refused:
            score(definition, answers)
        assert [each.code for each in refused.value.errors] == [code]


def test_severity_is_that_of_the_place_of_those_within_it_or_of_the_one_around_it() -> None:
    def kept(pcode: str, **answers: str) -> IndexScore:
        return IndexScore(
            index="severity_score",
            version=1,
            pcode=pcode,
            round_number=1,
            vintage=1,
            answers=answers,
            score=3,
            band="severe",
            recorded_by="somebody",
        )

    told = (
        kept("LY01", food="stress"),
        kept("LY0101", food="severe", water="stress"),
        kept("LY010101", food="extreme", water="extreme"),
    )
    scored = Scored({each.pcode: each for each in told}, {"LY0101": 60, "LY010101": 20})

    assert scored.of("LY0101", "food") is told[1]
    assert scored.within("LY01", "food") == [told[1]], "who is in an inner one is counted once"
    assert scored.around("LY010201", "food") is told[0]
    assert scored.around("LY010201", "water") is None


def test_half_a_person_in_need_is_one() -> None:
    assert [rounded(each) for each in (0, 49, 50, 149, 150)] == [0, 0, 1, 1, 2]


async def sent(tracking: Running, status: int, **form: Any) -> dict[str, Any]:
    body = {"index": "severity_score", "pcode": "LY0101", "round_number": 1, "answers": PHASES}
    response = await tracking.client.post(SCORES, json=body | form)
    assert response.status_code == status, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_people_in_need_follow_from_figures_and_answers(start: Start) -> None:
    tracking = await start(SERVICE)
    figures = table("1,201,a,direct,LY0101", "1,50,a,direct,LY0102", header=FIGURES)
    await finished(tracking, IMPORTS, figures)

    first = await sent(tracking, 201)
    await sent(tracking, 200)
    await sent(tracking, 422, answers=PHASES | {"food": "minimal"})
    await sent(tracking, 422, version=99)
    await sent(tracking, 422, pcode="LY0199")
    again = await sent(
        tracking, 201, answers=PHASES | {"food": "stress"}, restated_because="A second visit"
    )

    assert (first["score"], first["band"], first["vintage"]) == (2.5, "severe", 1)
    assert first["missing"] == ["education", "livelihoods", "protection"]
    assert (again["score"], again["vintage"]) == (2.25, 2)
    kept = (await tracking.client.get(SCORES, params={"place": "LY01"})).json()["items"]
    assert [(each["vintage"], each["score"]) for each in kept] == [(1, 2.5), (2, 2.25)]
    response = await tracking.client.get(PLANNING, params={"round_number": 1})
    needs = {(each["pcode"], each["sector"]): each for each in response.json()["items"]}
    assert "no source gives" in response.json()["assumptions"]
    wanted = {"food": 30, "water": 141, "health": 0, "shelter": 30, "education": None}
    assert {sector: needs["LY0101", sector]["in_need"] for sector in wanted} == wanted
    assert needs["LY0101", "water"]["explanation"].startswith("70 % of 201 people")
    assert (needs["LY0101", "food"]["score_vintage"], needs["LY0101", "food"]["name"]) == (
        2,
        "Derna",
    )
    assert {each["in_need"] for (pcode, _), each in needs.items() if pcode == "LY0102"} == {None}
    rounds = "/v1/tracking/rounds/imports?round_number=3"
    await finished(tracking, rounds, b"pcode,idps\nLY0101,201\nLY0102,50\nLY0103,9\n")
    for pcode, food in (("LY0101", "stress"), ("LY0102", "extreme")):
        await sent(tracking, 201, pcode=pcode, round_number=3, answers=PHASES | {"food": food})
    region = await tracking.client.get(PLANNING, params={"round_number": 3, "level": 1})
    [of_food] = [each for each in region.json()["items"] if each["sector"] == "food"]
    assert (of_food["in_need"], of_food["individuals_scored"], of_food["individuals"]) == (
        30 + 35,
        251,
        260,
    )
    unknown = await tracking.client.get(PLANNING, params={"round_number": 2})
    assert unknown.status_code == 404
    listed = (await tracking.client.get("/v1/tracking/indices")).json()["items"]
    assert [(each["index"], each["version"]) for each in listed] == list(definitions())
