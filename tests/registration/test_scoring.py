"""Who is not compared in full, by some of their names, is nobody whom a reviewer would see."""

from dataclasses import replace
from itertools import combinations
from uuid import UUID

import pytest

from services.registration.duplicates import comparing
from services.registration.duplicates.candidates import Described, Pairs
from services.registration.matching import scoring
from services.registration.matching.description import Description
from services.registration.matching.evidence import Weights, weights
from tests.registration.oddities import oddly_described, share_a_number

ALL = 60


@pytest.fixture(scope="module")
def people() -> dict[UUID, Description]:
    return {UUID(int=number): each for number, each in enumerate(oddly_described(ALL))}


def test_the_same_is_found_as_by_comparing_everybody_in_full(
    people: dict[UUID, Description],
) -> None:
    every = set(combinations(people, 2))
    described = {each: Described(known, 1) for each, known in people.items()}
    outlines = {
        each: replace(known, phone=None, other_phones=(), documents=())
        for each, known in people.items()
    }
    equal = {pair for pair in every if share_a_number(*(people[each] for each in pair))}

    worth_it = comparing.worth_opening(Pairs(every, equal), outlines)

    assert len(worth_it) < len(every) / 4
    in_full = comparing.compared(every, described)
    assert in_full.keys() - equal
    assert comparing.compared(worth_it, described) == in_full


def test_few_have_all_their_names_compared_and_whoever_scores_enough_is_among_them(
    people: dict[UUID, Description], monkeypatch: pytest.MonkeyPatch
) -> None:
    by, pairs, exactly = weights(), list(combinations(people.values(), 2)), scoring.score_of
    scores = [exactly(*pair, by) for pair in pairs]
    in_full: list[float] = []

    def score_of(one: Description, other: Description, by: Weights) -> float:
        in_full.append(exactly(one, other, by))
        return in_full[-1]

    monkeypatch.setattr(scoring, "score_of", score_of)
    leasts = by.possible - 10, by.possible, by.probable
    for least in leasts:
        assert any(score >= least for score in scores)
        assert [scoring.may_score(*pair, least, by) for pair in pairs] == [
            score >= least for score in scores
        ]

    assert len(in_full) < len(pairs) * len(leasts) * 0.6
