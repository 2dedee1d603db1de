"""People of whom some are registered twice, in another spelling or script, with slips."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.names.sets import eastern
from benchmarks.names.writing import clusters
from services.registration.persons.models import PersonIn

SHARE_TWICE = 0.08
IN_A_HOUSEHOLD = 4
NATIONALITIES = ("LBY", "SDN", "EGY", "SYR", "TCD")
LAST_MONTH = 12

Written = list[list[str]]
"""How each of some names is written; the first ones are borne by most."""


def people(count: int, seed: int) -> Iterator[PersonIn]:
    """Yield so many registrations; who comes again does so at once."""
    chance = random.Random(seed)  # noqa: S311 - It makes up people, and hides nothing.
    names = eastern()

    def written(sounds: Sequence[str]) -> Written:
        found = clusters(sounds, names.habits, names.spellings, chance)
        return [[arabic, *latin] for arabic, latin in found.items()]

    men, women, families = map(written, (names.men, names.women, names.families))
    number = 0
    while number < count:
        told = _told(chance, men, women, families)
        again = [_again(chance, told)] if chance.random() < SHARE_TWICE else []
        for each in [told, *again][: count - number]:
            spelt = {name: chance.choice(each[name]) for name in each["names"]}
            rest = {name: each[name] for name in each if name not in {*spelt, "names"}}
            yield PersonIn(external_id=f"S{number}", **spelt, **rest)
            number += 1


def _told(chance: random.Random, men: Written, women: Written, families: Written) -> dict[str, Any]:
    def one(of: Written) -> list[str]:
        return chance.choices(of, [1 / place**0.6 for place in range(1, len(of) + 1)])[0]

    sex = chance.choice(("male", "female"))
    names = {
        "given_name": one(men if sex == "male" else women),
        "father_name": one(men),
        "grandfather_name": one(men),
        "family_name": one(families),
    }
    born = chance.randint(1950, 2015), chance.randint(1, 12), chance.randint(1, 28)
    paper = {"type": "passport", "number": f"P{chance.randrange(10**8):08}"}
    return names | {
        "names": tuple(names),
        "sex": sex,
        "birth_date": "{}-{:02}-{:02}".format(*born),
        "nationality": chance.choice(NATIONALITIES),
        "population_category": "migrant",
        "phone": f"+2189{chance.choice('1245')}{chance.randrange(10**7):07}",
        "documents": [paper] if chance.random() < 0.4 else [],
        "household_ref": f"H{chance.randrange(10**6)}",
        "location_pcode": "LY0211",
    }


def _again(chance: random.Random, told: dict[str, Any]) -> dict[str, Any]:
    again = dict(told, household_ref=f"H{chance.randrange(10**6)}")
    year, month, day = told["birth_date"].split("-")
    if chance.random() < 0.2 and int(day) <= LAST_MONTH:
        again["birth_date"] = f"{year}-{day}-{month}"
    elif chance.random() < 0.3:
        again |= {"birth_date": str(int(year) + chance.randint(-1, 1))}
    if chance.random() < 0.5:
        again["phone"] = None
    if chance.random() < 0.6:
        again["documents"] = []
    if chance.random() < 0.1:
        again |= {"father_name": told["family_name"], "family_name": told["father_name"]}
    if chance.random() < 0.2:
        again["names"] = tuple(name for name in told["names"] if name != "grandfather_name")
        del again["grandfather_name"]
    return again
