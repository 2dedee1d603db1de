"""Spellings that are one name's, and what two descriptions say for one person."""

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.registration.matching import blocking, clusters, evidence, likeliest
from services.registration.matching.births import born
from services.registration.matching.closeness import CLOSENESS, closest
from services.registration.matching.description import Description
from services.registration.matching.evidence import compare, weights
from services.registration.matching.lookalikes import are_two_names
from services.registration.matching.scoring import score_of
from services.registration.matching.sounding import coarse, readings
from services.registration.matching.spelling import folded, skeleton
from services.registration.matching.training import fit
from services.registration.matching.transducer import learn

Person = Callable[..., Description]


def somebody(**changes: Any) -> Description:
    told: dict[str, Any] = {
        "given": "موسى",
        "father": "إدريس",
        "grandfather": "آدم",
        "family": "التباوي",
        "sex": "male",
        "nationality": "TCD",
        "born": date(1990, 5, 4),
        "precision": "day",
        "phone": None,
        "documents": (),
        "household": None,
    }
    return Description(**(told | changes))


BY = weights()
LATIN = {"given": "Moussa", "father": "Idriss", "grandfather": "Adam", "family": "al-Tabawi"}


def band(one: Description, other: Description) -> str | None:
    reasons = compare(one, other, weights())
    return weights().band(weights().score(reasons), reasons)


@pytest.mark.parametrize(
    "spellings",
    [
        "محمد مُحَمَّد مـحمد ﻣﺤﻤﺪ",
        "أحمد احمد",
        "فاطمة فاطمه",
        "قذافي القذافي",
        "عبدالله|عبد الله",
        "عبدالرحمن|عبد الرحمن",
        "Traoré Traore TRAORÉ",
        "Moussa Mousa",
    ],
)
def test_orthography_and_joins_fold_away(spellings: str) -> None:
    names = spellings.split("|") if "|" in spellings else spellings.split()

    assert len({skeleton(name) for name in names}) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        "محمد Mohamed Mohammed Muhammad Mohamad",
        "قذافي Gaddafi Qaddafi Kadhafi Gadhafi Qadhafi Kaddafi",
        "خديجة Khadija",
        "يوسف Youssouf Yusuf Yousef",
        "Oumar Omar Umar عمر",
        "Abd al-Rahman|Abdel Rahman|Abdurrahman|Abderrahmane|عبد الرحمن|عبدالرحمن",
        "عبدالرحمن Abdourahmane Abdirahman Abderahmane",
        "عبدالسلام Abdeslem Abdessalam Abdousalam",
        "عبدالعزيز Abdelaziz Abdulaziz",
        "عبدالله Abdoulaye Abdullahi Abdelah",
        "عبداللطيف Abdelatif Abdellatif",
        "Diallo Dialo",
        "الهادي|Alhadi|Elhadi|El Hadi",
        "البشير|Albashir|al-Bachir",
        "Elhadji|El Hadj|Alhaji",
    ],
)
def test_spellings_of_one_name_share_the_key_by_which_they_are_found(spellings: str) -> None:
    names = spellings.split("|") if "|" in spellings else spellings.split()

    assert len({coarse(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("حسين", "Hassan"),
        ("سعيد", "Saad"),
        ("محمد", "Mahmoud"),
        ("سالم", "سليم"),
        ("Amadou", "Mamadou"),
        ("Amadou", "Hamidou"),
    ],
)
def test_names_that_are_written_alike_are_two(one: str, other: str) -> None:
    assert are_two_names(folded(one), folded(other))
    assert band(somebody(given=one), somebody(given=other, born=date(1992, 7, 9))) is None
    assert band(somebody(given=one), somebody(given=other)) != "probable"


@pytest.mark.parametrize(
    ("one", "other"), [("محمد", "Mohamed"), ("Hussein", "حسين"), ("Ali", "Omar")]
)
def test_one_name_or_two_that_nobody_confuses_are_not_listed_as_lookalikes(
    one: str, other: str
) -> None:
    assert not are_two_names(folded(one), folded(other))


def test_the_same_person_in_another_script_is_probable() -> None:
    assert band(somebody(), somebody(**LATIN)) == "probable"


def test_fathers_and_family_name_may_have_changed_places() -> None:
    crossed = LATIN | {"father": LATIN["family"], "family": LATIN["father"]}

    reasons = compare(somebody(), somebody(**crossed), weights())

    assert ("order", "crossed") in {(each.attribute, each.level) for each in reasons}
    assert weights().band(weights().score(reasons), reasons) == "probable"


def test_a_day_and_month_in_the_other_order_still_speak_for_one_person() -> None:
    assert band(somebody(), somebody(**LATIN, born=date(1990, 4, 5))) == "probable"


def test_a_brother_is_not_a_duplicate() -> None:
    brother = somebody(given="سليمان", born=date(1993, 8, 17))

    assert band(somebody(), brother) is None


def test_a_twin_in_the_same_household_is_not_probable() -> None:
    one = somebody(household="H1")
    twin = somebody(given="عيسى", household="H1")

    assert band(one, twin) != "probable"


def test_one_name_alone_makes_nobody_probable() -> None:
    alone = {"father": None, "grandfather": None, "family": None}

    assert band(somebody(given="محمد", **alone), somebody(given="Mohamed", **alone)) == "possible"


def test_a_given_name_and_its_phone_are_more_than_one_name_alone() -> None:
    alone = {"father": None, "grandfather": None, "family": None, "phone": "1"}
    of_the_family = alone | {"family": "التباوي"}

    assert band(somebody(**alone), somebody(**alone)) == "probable"
    twin = of_the_family | {"given": "Issa"}
    assert band(somebody(**of_the_family), somebody(**twin)) != "probable"


def test_names_that_begin_like_an_article_keep_their_letters() -> None:
    assert [coarse(name) for name in ("Ali", "Almaz", "Alassani", "Elissa")] == [
        "l",
        "lms",
        "lsn",
        "ls",
    ]


def test_a_shared_phone_alone_says_nothing() -> None:
    other = somebody(
        given="Hawa", father="Issa", grandfather="Bakary", family="Keita", sex="female", phone="1"
    )

    assert band(somebody(phone="1"), other) is None


def test_a_score_is_the_sum_of_its_reasons() -> None:
    reasons = compare(somebody(), somebody(**LATIN), weights())

    assert weights().score(reasons) == weights().start + sum(each.weight for each in reasons)
    assert {"given", "father", "family", "born"} <= {each.attribute for each in reasons}


def test_comparing_is_the_same_in_either_direction() -> None:
    one, other = somebody(phone="1"), somebody(**LATIN, documents=(("passport", "S1"),))

    assert sorted(compare(one, other, weights())) == sorted(compare(other, one, weights()))

    one, other = (
        somebody(father="Yacouba", family="Keita"),
        somebody(father="Keita", family="Yakub"),
    )
    assert sorted(compare(one, other, weights())) == sorted(compare(other, one, weights()))
    assert "order" in {each.attribute for each in compare(one, other, weights())}


def test_a_score_without_its_reasons_is_the_same_score() -> None:
    other = somebody(**LATIN, born=date(1990, 4, 5), documents=(("passport", "S1"),))

    for one in (somebody(), somebody(given="Bakary", father=None), somebody(**UNKNOWN)):
        told = weights().score(compare(one, other, weights()))
        assert score_of(one, other, weights()) == pytest.approx(told)


def test_a_name_is_compared_by_those_of_its_spellings_that_are_most_alike() -> None:
    latin = {f"{part}_latin": name for part, name in LATIN.items()}
    other = somebody(**LATIN)

    known, unknown = (
        dict(evidence.levels_of(one, other, weights().transducer))
        for one in (somebody(**latin), somebody())
    )

    assert {known[part] for part in LATIN} == {"same"}
    assert "same" not in {unknown[part] for part in ("father", "family")}


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("Mohamed Amine", "محمد"),
        ("Mohamed Amine", "Amin"),
        ("Fatima-Zahra", "الزهراء"),
        ("بن علي", "Ali"),
        ("Ould Ahmed", "أحمد"),
        ("Abdou Aziz", "عبد العزيز"),
    ],
)
def test_somebody_may_be_called_by_a_part_of_their_name(whole: str, part: str) -> None:
    other = somebody(given=part)

    reasons = {each.attribute: each.level for each in compare(somebody(given=whole), other, BY)}

    assert reasons["given_and_born"] == "far_day"
    assert band(somebody(given=whole), other) == "probable"


def test_each_name_of_several_may_be_written_as_it_is_elsewhere() -> None:
    for one, other in (("Mahamat Saleh", "محمد صالح"), ("Mamadou Lamine", "محمد الأمين")):
        found = closest(readings(one), readings(other), BY.transducer)
        assert found
        assert found.kind == "alike"


def test_brothers_who_share_a_part_of_their_names_are_two() -> None:
    for one, other in (("Mohamed Amine", "Mohamed Ali"), ("محمد امين", "محمد علي")):
        found = closest(
            somebody(given=one).sounding("given"),
            somebody(given=other).sounding("given"),
            BY.transducer,
        )
        assert found
        assert found.level == "other"


def test_a_nationality_that_nobody_knows_says_nothing() -> None:
    told, unknown = somebody(), somebody(nationality="XXX")

    for pair in ((told, unknown), (unknown, told), (unknown, unknown)):
        assert "nationality" not in {each.attribute for each in compare(*pair, weights())}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"grandfather": None, "born": date(1992, 1, 1), "precision": "estimated"},
        {"family": None, "born": date(1989, 1, 1), "precision": "year"},
        {"given": "Bakary", "born": date(1995, 1, 1), "precision": "estimated"},
        {"sex": "female"},
    ],
)
def test_a_second_registration_is_found_by_the_keys(change: dict[str, Any]) -> None:
    first, second = somebody(), somebody(**LATIN | change)

    assert blocking.kept_under(first) & blocking.looked_for_under(second)
    assert blocking.kept_under(second) & blocking.looked_for_under(first)


def test_three_names_with_a_year_find_somebody_where_two_find_too_many() -> None:
    first, second = somebody(), somebody(**LATIN, born=date(1992, 5, 4), phone="2")
    shared = blocking.kept_under(first) & blocking.looked_for_under(second)
    namesakes = [
        somebody(given="Bakary", grandfather="Haile", born=date(1990, 8, day), sex=sex)
        for day in range(1, 20)
        for sex in ("male", "female")
    ]

    telling = shared - set().union(*map(blocking.kept_under, namesakes))

    assert any(key.endswith(" male 1990") and len(key.split()) == 6 for key in telling)


def test_of_too_many_those_are_compared_who_share_what_few_share() -> None:
    often, seldom = range(1, 400), [900, 901]
    many = [often, range(1, 350), [0, *range(300, 640)], [*seldom, 0]]

    compared = likeliest.likeliest(0, many)

    assert len(compared) == likeliest.MOST_COMPARED
    assert set(seldom) <= compared
    assert set(range(300, 350)) <= compared, "they share three keys"
    assert 0 not in compared
    assert likeliest.likeliest(0, many[::-1]) == compared
    assert likeliest.likeliest(0, [often[:100], seldom]) == {*often[:100], *seldom}


def test_strangers_share_no_key() -> None:
    stranger = somebody(
        given="Tesfay", father="Gebre", grandfather="Haile", family="Selam", born=date(1971, 2, 3)
    )

    assert not blocking.kept_under(somebody()) & blocking.looked_for_under(stranger)


UNKNOWN = {"born": None, "precision": "unknown"}
GUESSED = {"precision": "estimated", "days_off": 3 * 366}
WIDELY = {"precision": "estimated", "days_off": 10 * 366}
HIJRI = {"days_off": 2}


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (UNKNOWN, {}, "missing"),
        (UNKNOWN, UNKNOWN, "missing"),
        (GUESSED, {"born": date(1992, 5, 4)}, "estimated_2"),
        (WIDELY, {"born": date(1999, 5, 4)}, "missing"),
        (WIDELY, {"born": date(2010, 5, 4)}, "estimated_6"),
        (HIJRI, {"born": date(1990, 5, 6)}, "same_day"),
        (HIJRI, {"born": date(1990, 5, 7)}, "same_year"),
        (HIJRI | {"born": date(1989, 12, 31)}, {"born": date(1990, 1, 2)}, "same_day"),
        (HIJRI | {"born": date(1989, 12, 31)}, {"born": date(1990, 1, 3)}, "other_year"),
        ({}, {"born": date(1990, 4, 5)}, "day_and_month_swapped"),
    ],
)
def test_birth_dates_agree_within_what_either_knows(
    one: dict[str, Any], other: dict[str, Any], level: str
) -> None:
    left, right = somebody(**one), somebody(**other)

    assert born(left, right) == born(right, left) == level


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WIDELY, {"born": date(1999, 5, 4)}),
        (WIDELY, {"born": date(1981, 5, 4), "precision": "year"}),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_two_names_and_a_wide_guess_of_an_age_find_somebody(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    alone = {"father": None, "grandfather": None}
    left, right = somebody(**alone, **one), somebody(**alone, **other)

    assert blocking.kept_under(left) & blocking.looked_for_under(right)
    assert blocking.kept_under(right) & blocking.looked_for_under(left)


def test_a_hijri_day_finds_somebody_by_the_days_that_it_may_be() -> None:
    hijri = somebody(**HIJRI)
    other = somebody(
        given="Tesfay",
        father="Gebre",
        grandfather="Haile",
        family="Selam",
        born=date(1990, 5, 6),
    )

    assert blocking.kept_under(hijri) & blocking.looked_for_under(other)
    assert blocking.kept_under(other) & blocking.looked_for_under(hijri)


def test_members_of_one_household_are_never_joined() -> None:
    scores = {("a", "b"): 9.0, ("b", "c"): 8.0, ("a", "c"): 1.0}
    households = {"a": "H1", "b": None, "c": "H1"}

    assert clusters.pairs_of_one_person(scores, households, 0.0) == {("a", "b")}


def test_what_is_joined_is_joined_with_all() -> None:
    scores = {("a", "b"): 9.0, ("b", "c"): 8.0, ("a", "c"): -3.0}
    households = dict.fromkeys("abc")

    found = clusters.pairs_of_one_person(scores, households, 0.0)

    assert found == {("a", "b"), ("a", "c"), ("b", "c")}


def test_of_equal_links_what_is_told_comes_first_and_not_who_came_first() -> None:
    scores = {("a", "b"): 5.0, ("b", "c"): 5.0, ("a", "c"): -20.0}
    told = {"a": "2007-11-11", "b": "2006", "c": "2005-07-12"}

    found = clusters.pairs_of_one_person(scores, dict.fromkeys("abc"), 1.0, told)

    assert found == {("b", "c")}
    assert clusters.pairs_of_one_person(scores, dict.fromkeys("abc"), 1.0) == {("a", "b")}


def test_a_weak_link_joins_nobody_whom_another_link_is_as_much_against() -> None:
    scores = {("a", "b"): 9.0, ("b", "c"): 2.0, ("a", "c"): -5.0}

    assert clusters.pairs_of_one_person(scores, dict.fromkeys("abc"), 1.0) == {("a", "b")}


def test_one_voice_clearly_against_keeps_two_groups_apart() -> None:
    scores = {("a", "b"): 9.0, ("b", "c"): 8.0, ("a", "c"): -20.0}

    assert clusters.pairs_of_one_person(scores, dict.fromkeys("abc"), 0.0) == {("a", "b")}


def test_the_transducer_learns_how_a_name_is_respelt() -> None:
    respelt = ["kalid", "kadija", "kalil", "kamis", "kulud"]
    pairs = [(name, name.replace("k", "K"), 1.0) for name in respelt]
    others = ["tamara", "tahir", "fatima", "tariq"]

    learned = learn(pairs, [*respelt, *others, *(one for _, one, _ in pairs)])

    assert learned.ratio("kabir", "Kabir") > learned.ratio("kabir", "tabir") + 3


def test_the_longest_names_are_compared_whatever_else_they_have_in_common() -> None:
    # So unlikely is it that they are one name that no number is small enough to say it.
    long, other = somebody(given="kt" * 100), somebody(given="ظل" * 100)

    for one, another in [(long, other), (long, somebody()), (long, long), (other, somebody())]:
        assert compare(one, another, weights())
    assert evidence.likeness("kt" * 100, "Adam") < CLOSENESS[-1][0]
    assert evidence.likeness("kt" * 100, "ظل" * 100) < CLOSENESS[-1][0]
    transducer = weights().transducer
    in_one_way = math.log2(transducer.forward("musa", "mousa")[-1][-1])
    assert transducer._bits_of_long("musa", "mousa") == pytest.approx(in_one_way)


def test_the_weights_are_those_of_the_counts() -> None:
    found = fit(
        Counter(
            {
                (("sex:same",), True): 800,
                (("sex:same",), False): 200,
                (("sex:other",), True): 10,
                (("sex:other",), False): 990,
            }
        )
    )

    odds = found["start"] + found["sex:same"], found["start"] + found["sex:other"]
    assert odds == pytest.approx((math.log2(4), math.log2(1 / 99)), abs=0.5)


def test_the_weights_say_where_they_come_from() -> None:
    kept = json.loads(evidence.WEIGHTS_FILE.read_text())

    assert kept["origin"]
    assert kept["trained_on"]["of_them_one_person"] > 1000
    assert weights().possible < weights().probable
