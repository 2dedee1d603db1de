"""People who are described in odd ways, of whom many have some things in common."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from services.registration.matching.description import Description

NAMES = [
    *("محمد", "Mohamed", "Mouhammad", "محمود", "Mahmoud", "حسن", "Hassan", "حسين", "Hussein"),
    *(
        "عبد الرحمن",
        "Abdurrahman",
        "موسى",
        "Moussa",
        "Musa",
        "إدريس",
        "Idriss",
        "التباوي",
        "Tabawi",
    ),
    *("Traoré", "Keita", "Ousmane", "عثمان", "Tesfay", "Ali", "علي", "Gebre", "", "李", "a" * 300),
    "Tabawi",
    *("Mohamed Amine", "علي محمد", "Ben Ali", "Hassan Ali Moussa"),
    "Abdelkarimabdelkarimabdelkarimabdelkarimabdelkarim",
]


def oddly_described(number: int) -> list[Description]:
    chance = Random(5)  # noqa: S311 - Made-up people are no secret.
    made = [somebody(chance) for _ in range(number)]
    # Swapped days and crossed names are seldom met by chance.
    turned = [each for each in made if each.born and each.born.day <= 12 and each.father]
    return made + [
        replace(
            each,
            born=each.born and date(each.born.year, each.born.day, each.born.month),
            father=each.family,
            family=each.father,
        )
        for each in turned[:50]
    ]


def share_a_number(one: Description, other: Description) -> bool:
    papers = {number for _, number in one.documents} & {number for _, number in other.documents}
    return bool(papers or set(one.phones) & set(other.phones))


def somebody(chance: Random) -> Description:
    def name(told: float) -> str | None:
        return chance.choice(NAMES) if chance.random() < told else None

    born: date | None = date(1990, 1, 1) + timedelta(days=chance.randrange(1500))
    precision = chance.choice(["day", "day", "day", "month", "year", "estimated"])
    days_off = {"month": 15, "year": 182, "estimated": chance.choice([731, 5000])}.get(precision, 0)
    if precision == "day" and chance.random() < 0.1:
        days_off = 2
    if chance.random() < 0.1:
        born, precision, days_off = None, "unknown", 0
    papers = [("passport", f"N{chance.randrange(30):04}") for _ in range(chance.randrange(3))]
    return Description(
        given=name(0.95),
        father=name(0.9),
        grandfather=name(0.6),
        family=name(0.8),
        given_latin=name(0.2),
        family_latin=name(0.2),
        sex=chance.choice(["male", "female", "unknown"]),
        nationality=chance.choice(["SDN", "NER", "XXX"]),
        born=born,
        precision=precision,
        days_off=days_off,
        phone=f"+21891234{chance.randrange(80):04}" if chance.random() < 0.4 else None,
        other_phones=("+218912340000",) if chance.random() < 0.1 else (),
        documents=tuple(papers),
        household=chance.choice([None, "", "H1", "H2"]),
    )
