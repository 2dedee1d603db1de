"""A register that is looked through in arrays shows what looking one by one shows."""

import os
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from services.registration.matching import abreast, blocks, finding, likeliest, meetings, training
from services.registration.matching.blocks import Blocks
from services.registration.matching.description import Description
from services.registration.matching.everybody import Everybody
from services.registration.matching.evidence import weights
from services.registration.matching.finding import Finding
from services.registration.matching.register import Register
from services.registration.matching.scoring import score_of
from services.registration.matching.weighing import Weighing
from tests.registration.oddities import oddly_described, share_a_number

ALL = 400
PHONE = "+218912345671"


def namesake(*, born: date, given: str = "Moussa") -> Description:
    return Description(
        given=given,
        father="Idriss",
        grandfather=None,
        family=None,
        sex="male",
        nationality="SDN",
        born=born,
        precision="day",
        phone=None,
        documents=(),
        household=None,
    )


@pytest.fixture(scope="module")
def people() -> list[Description]:
    return oddly_described(ALL)


def test_pairs_weigh_in_arrays_what_they_weigh_alone(people: list[Description]) -> None:
    by, register = weights(), Register()
    for each in people:
        register.add(each)
    pairs = list(combinations(range(len(people)), 2))[::11]
    left, right = np.array(pairs).T

    most = Weighing(register.columns(), register.names(), by).most(left, right)

    for (one, other), found in zip(pairs, most, strict=True):
        exact = score_of(people[one], people[other], by)
        told = [(each.documents, each.phones) for each in (people[one], people[other])]
        papers, phones = (list(map(len, each)) for each in zip(*told, strict=True))
        if min(papers) > 0 or (min(phones) > 0 and max(phones) > 1):
            assert found >= exact - 1e-9, (people[one], people[other])
        else:
            assert found == pytest.approx(exact, abs=1e-9), (people[one], people[other])


def test_nobody_is_passed_over_by_some_names_who_scores_enough_by_all(
    people: list[Description],
) -> None:
    by, register = weights(), Register()
    for each in people:
        register.add(each)
    left, right = np.array(list(combinations(range(len(people)), 2))[::3]).T
    weighing = Weighing(register.columns(), register.names(), by)
    most = weighing.most(left, right)

    for least in (by.possible - 10, by.possible, by.probable, by.probable + 10):
        promising = weighing.promising(left, right, least)
        enough = np.flatnonzero(most >= least)
        assert len(enough)
        assert np.isin(enough, promising).all()
    assert len(weighing.promising(left, right, by.probable)) < len(left) / 2


@pytest.mark.parametrize(("largest", "most"), [(ALL, ALL), (12, 25)])
def test_those_are_compared_whom_each_finds_alone(
    people: list[Description], largest: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (blocks, training):
        monkeypatch.setattr(module, "LARGEST_BLOCK", largest)
    for module in (finding, likeliest):
        monkeypatch.setattr(module, "MOST_COMPARED", most)
    alone = training.candidates(dict(enumerate(people)))
    found = found_together(people)

    by_number = found - alone
    assert alone <= found
    assert all(share_a_number(people[one], people[other]) for one, other in by_number)
    assert len(by_number) < len(alone) / 10


@pytest.mark.parametrize("largest", [ALL, 40])
def test_however_few_are_looked_at_together_the_same_are_found(
    people: list[Description], largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((blocks, "LARGEST_BLOCK"), (finding, "MOST_COMPARED")):
        monkeypatch.setattr(module, name, largest)
    together = found_together(people)

    # There are keys with more people, and people who find more, than are looked at together.
    for module, name, few in ((blocks, "SORTED_AT_ONCE", 16), (finding, "FOUND_AT_ONCE", 5)):
        monkeypatch.setattr(module, name, few)

    assert found_together(people) == together


def test_a_register_shows_all_pairs_that_score_enough(people: list[Description]) -> None:
    by, everybody = weights(), Everybody()
    for each in people:
        everybody.add(each)
    alone = training.candidates(dict(enumerate(people)))

    shown: set[Any] = set()
    for _, found in everybody.look(by):
        shown.update(zip(*map(list, found), strict=True))

    enough = {
        pair for pair in alone if score_of(people[pair[0]], people[pair[1]], by) >= by.possible
    }
    assert enough
    assert enough <= shown
    assert len(shown) < len(alone) / 2


def found_together(people: list[Description]) -> set[Any]:
    together = Blocks()
    for each in people:
        together.add(each)
    return found_by(together)


def found_by(together: Blocks) -> set[Any]:
    looking = Finding(together.keys())
    assert not any(looking.sort())
    pairs = (looking.pairs(stretch) for stretch in looking.stretches())
    return {pair for some in pairs for pair in zip(*map(list, some), strict=True)}


def test_whoever_is_under_a_crowded_key_finds_those_who_cannot_find_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of one name many are born in one year, and one a year later looks for too many there."""
    for module in (blocks, training):
        monkeypatch.setattr(module, "LARGEST_BLOCK", 3)
    namesakes = [namesake(born=date(1990, 1, day)) for day in range(1, 6)]
    people = [*namesakes, namesake(born=date(1991, 7, 1))]

    found = found_together(people)

    assert found == training.candidates(dict(enumerate(people)))
    assert found == {(each, 5) for each in range(5)}


def test_a_shared_phone_is_compared_however_many_are_called_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (finding, likeliest):
        monkeypatch.setattr(module, "MOST_COMPARED", 3)
    here, there = (
        replace(namesake(born=date(year, 1, 1), given=given), grandfather="Adam", family=family)
        for year, given, family in ((1990, "Moussa", "Tabawi"), (1950, "Ousmane", "Keita"))
    )
    crowd = [here, there] * 12
    people = [replace(here, phone=PHONE), *crowd, replace(there, phone=PHONE)]

    assert (0, len(people) - 1) in found_together(people)


def test_names_that_take_each_other_s_room_are_compared_again(
    people: list[Description], monkeypatch: pytest.MonkeyPatch
) -> None:
    by, register = weights(), Register()
    for each in people:
        register.add(each)
    left, right = np.array(list(combinations(range(len(people)), 2))[::29]).T

    roomy = Weighing(register.columns(), register.names(), by).most(left, right)
    monkeypatch.setattr(meetings, "ROOM_BITS", 3)
    crowded = Weighing(register.columns(), register.names(), by)
    for some in np.array_split(np.arange(len(left)), 40):
        assert (crowded.most(left[some], right[some]) == roomy[some]).all()


def test_whoever_has_no_key_finds_nobody_wherever_they_stand(people: list[Description]) -> None:
    known = replace(people[0], given="Moussa", father="Idriss", family="Tabawi")
    unknown = replace(namesake(born=date(1990, 1, 1)), given="李", father=None)

    for some in ([unknown], [known, known, unknown, unknown]):
        together = Blocks()
        keys = [together.add(each) for each in some]
        assert keys[-1] == 0
        assert found_by(together) == ({(0, 1)} if len(some) > 1 else set())


def test_nobody_and_one_alone_make_no_pairs(people: list[Description]) -> None:
    for count in (0, 1):
        everybody = Everybody()
        for each in people[:count]:
            everybody.add(each)

        assert sum(pairs for pairs, _ in everybody.look(weights())) == 0


def test_what_fails_in_a_thread_fails_the_look(
    people: list[Description], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("too alike")

    everybody = Everybody()
    for each in people:
        everybody.add(each)
    monkeypatch.setattr(Weighing, "most", fail)

    with pytest.raises(ValueError, match="too alike"):
        list(everybody.look(weights()))


def test_work_abreast_is_begun_little_before_it_is_asked_for() -> None:
    begun: list[int] = []
    threads = min(len(os.sched_getaffinity(0)), abreast.MOST_THREADS)

    done = abreast.abreast(begun.append, iter(range(100)))
    next(done)
    done.close()

    assert 1 <= len(begun) <= threads + 1
    assert list(abreast.abreast(str, range(100))) == list(map(str, range(100)))
