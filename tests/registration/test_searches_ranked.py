"""A search by name reads few of those who are called alike, and loses nobody who fits better."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from services.registration.main import SERVICE
from services.registration.matching.closeness import UNLIKE
from services.registration.matching.evidence import likeness
from services.registration.matching.sounding import sounds
from services.registration.matching.spelling import folded, words
from services.registration.persons import called, registering
from services.registration.persons.births import Birth
from services.registration.persons.models import Person, PersonIn
from services.registration.searches import names
from services.registration.searches.ranking import FARTHEST, PERFECT, YEARS_AROUND, needed
from tests.conftest import Start
from tests.registration.office import NAWAL, PERSONS, Office
from tests.registration.test_searches_by_name import found, registered

GIVEN = ["محمد", "Mohamed", "Mahmoud", "Mohamadou", "Amina"]
FATHER = ["Ali", "علي", "Aly", "Othman"]
FAMILY = ["Hassan", "حسن", "Hussein", "Tijani", "Tidiane", "Osman"]
YEARS = [1988, 1990, None]
ASKED: list[tuple[str, int]] = [
    ("محمد علي حسن", 1990),
    ("Hassan Mohamed", 1991),
    ("Tijani Aly Mahamoudou", 1988),
    ("Amina Uthman Hassan Zubeda", 1990),
    ("Mouhamed", 1991),
    ("Hussein Ali Amina", 1990),
    ("Othman Tidjane", 1989),
]


def forms() -> list[PersonIn]:
    """Return namesakes of each other, of whom some share all their names."""
    found = []
    told = NAWAL | {"phone": None, "documents": [], "household_ref": None}
    for number, (given, father, family, year) in enumerate(product(GIVEN, FATHER, FAMILY, YEARS)):
        names_of: dict[str, Any] = {
            "given_name": given,
            "father_name": father,
            "family_name": family,
        }
        if number % 7 == 0:
            names_of |= {"family_name": "Tawfik", "other_names": ["Abu Bakr", family]}
        birth = {"birth_date": None, "birth_date_precision": "unknown"}
        if year:
            birth = {"birth_date": f"{year}-03-01", "birth_date_precision": "day"}
        found.append(PersonIn(**told | names_of | birth | {"external_id": f"N{number}"}))
    return found


def fit(person: Person, asked: Sequence[str], born_in: int) -> float | None:
    """Return how well somebody fits, each word compared with each of theirs; None if not at all."""
    theirs = names.borne(person)
    earliest, latest = Birth.of(person).span()
    off = YEARS_AROUND
    if earliest and latest:
        off = max(earliest.year - born_in, born_in - latest.year, 0)
    bits = []
    for word in asked:
        if folded(word) in map(folded, theirs):
            bits.append(PERFECT)
        else:
            alike = [each for each in theirs if not sounds(each).isdisjoint(sounds(word))]
            ways = {word, word.replace("kh", "k")}
            like = (likeness(way, each) for each in alike or theirs for way in ways)
            bits.append(min(PERFECT, max(like, default=UNLIKE)))
    if off > YEARS_AROUND or sum(each >= FARTHEST for each in bits) < needed(len(asked)):
        return None
    return sum(max(each, FARTHEST) for each in bits) - off


def best(people: Sequence[Person], asked: Sequence[str], born_in: int) -> list[float]:
    """Return how well the best fit, those who may lack a word only where the others are few."""
    fits: dict[int, list[float]] = {}
    for person in people:
        theirs = frozenset[str]().union(*map(sounds, names.borne(person)))
        sounding = sum(not theirs.isdisjoint(sounds(word)) for word in asked)
        if (bits := fit(person, asked, born_in)) is not None:
            fits.setdefault(len(asked) - sounding, []).append(bits)
    found = fits.get(0, [])
    if needed(len(asked)) < len(asked) and sum(each > FARTHEST for each in found) < 20:
        found += fits.get(1, [])
    return sorted(found, reverse=True)[:20]


async def test_who_is_found_fits_as_well_as_the_best_of_all_who_are_called_so(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As few are read at first as of a register of a million, beside the namesakes there are.
    monkeypatch.setattr(called, "FIRST_RANKED", 25)
    running = await start(replace(SERVICE, background=[]))
    made = forms()
    async with running.database.write() as session:
        await registering.register_all(
            session, made, organisation="iom", by="somebody", case_owner=None
        )
    async with running.database.write() as session:
        people = (await session.exec(select(Person))).all()
        await names.keep(session, people)
    by_id = {person.id: person for person in people}
    worker = Office(running).officer

    for name, born_in in ASKED:
        asked = words(name)
        answer = await worker.get(PERSONS, params={"name": name, "born_in": born_in})
        fits = [fit(by_id[UUID(each["id"])], asked, born_in) for each in answer.json()["items"]]

        assert fits == best(people, asked, born_in), name


# PostgreSQL joins the few people of a test in another order than those of a register.
@pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
async def test_of_too_many_those_are_ranked_who_are_meant_the_most(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MOST_RANKED", "MOST_HITS"):
        monkeypatch.setattr(called, limit, 1)
    await registered(office, "Amina Ali Zakaria", birth_date="1998-03-01")
    for number, name in enumerate(("Amina Ali Zakaria", "Amina Ali Sakaria", "Amina Ali Tijani")):
        await registered(office, name, external_prefix=f"M{number}")

    # All words before most, the same consonants before others, the very year before the next.
    asked = {"name": "Zakaria Amina Ali", "born_in": 1999}
    assert await found(office.case_worker, **asked) == ["M00000"]
    asked = {"name": "Zakaria Ali Zubeda Amina", "born_in": 1998}
    assert await found(office.case_worker, **asked) == ["N0000"]
