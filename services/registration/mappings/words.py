"""What words mean: heads of columns and questions a field, answers a code."""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from babel import Locale
from babel.core import get_global

from chassis.countries import IN_USE
from chassis.orthography import plain
from chassis.strict import in_our_digits
from services.registration.imports.rules import DISABILITY
from services.registration.persons.rules import nationalities

FILE = Path(__file__).parent / "words.yaml"
ALIKE = str.maketrans({"ة": "ه", "ى": "ي"})
LETTERS = re.compile(r"[^\W_]+")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
NUMBERING = re.compile(r"^\s*[A-Za-z]{0,3}[0-9]+(?:[._-][0-9]+)*(?:[._):-]+\s*|\s+)(?=\D)")
AGE = re.compile(r"([0-9]{1,3}) ?([^\W\d_][^\d]*)")
A_YEAR = {"year": 1, "month": 12, "week": 52, "day": 365}
PCODE = re.compile(r"[A-Z]{2}([0-9]{2}){1,4}")
FITS = 0.6
"""So well at least words fit the field that they are taken for."""
LANGUAGES = ("en", "fr", "ar")
ONLY_BY_WORDS = ("consent_given", "stateless", *DISABILITY)
"""Their answers are those to many questions, and alone say nothing of what was asked."""
CODED = ("sex", "population_category", "nationality", "location_pcode", *ONLY_BY_WORDS)
ANSWERED_AS = {"stateless": "consent_given"} | dict.fromkeys(DISABILITY, "disability")


class Likeness(NamedTuple):
    """How well words fit a field, from 0 to 1, and the phrase by which they do."""

    score: float
    phrase: str


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text, spelled in one way."""
    return tuple(LETTERS.findall(plain(HUMP.sub(" ", text)).translate(ALIKE)))


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return read


@cache
def _phrases() -> dict[str, list[tuple[str, str, tuple[str, ...]]]]:
    """Return each phrase that names a field, and the words that it needs, by the first of them."""
    found: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for field, phrases in _file()["fields"].items():
        for phrase in phrases:
            if wanted := _told(phrase):
                found.setdefault(wanted[0], []).append((field, phrase, wanted))
    return found


def _told(text: str) -> tuple[str, ...]:
    """Return the words of a text that say something of what it asks for."""
    return tuple(word for word in tokens(text) if word not in _empty())


@cache
def _empty() -> frozenset[str]:
    return frozenset(word for each in _file()["empty"] for word in tokens(each))


def fields_of(text: str) -> dict[str, Likeness]:
    """
    Return which fields a text may name, and how well: by how much of it a known phrase makes up.

    `Date of birth` names a date of birth in full, `sex of the head` a sex by half. What is said
    twice, `2.1 Sex / الجنس`, is heard in either language.
    """
    found: dict[str, Likeness] = {}
    for said in _ways(text):
        for at, word in enumerate(said):
            for field, phrase, wanted in _phrases().get(word, ()):
                score = len(wanted) / len(said)
                fits = said[at : at + len(wanted)] == wanted
                if fits and score > found.get(field, Likeness(0, "")).score:
                    found[field] = Likeness(score, phrase)
    return found


def _ways(text: str) -> list[tuple[str, ...]]:
    """Return the words of a text, those after its number, and those in either script alone."""
    bare = _told(NUMBERING.sub("", text))
    in_latin = tuple(filter(str.isascii, bare))
    in_arabic = tuple(word for word in bare if word not in in_latin)
    return list(dict.fromkeys([_told(text), bare, in_latin, in_arabic]))


def meaning(field: str, text: str) -> str | None:
    """Return the code that an answer means in a field of codes; None when that is not known."""
    if field == "location_pcode":
        return text if PCODE.fullmatch(text) else None
    if field == "nationality" and text in nationalities():
        return text
    words = " ".join(tokens(text))
    nations = _nations() if field == "nationality" else {}
    return nations.get(words) or _codes(field).get(words)


def in_years(age: str) -> str:
    """Return an age that is told with its unit, `18 months`, as whole years; else as it is."""
    told = AGE.fullmatch(in_our_digits(age))
    unit = _units().get(" ".join(tokens(told[2]))) if told else None
    return str(int(told[1]) // A_YEAR[unit]) if told and unit else age


@cache
def _units() -> dict[str, str]:
    units = _file()["units"].items()
    return {" ".join(tokens(word)): unit for unit, words in units for word in words}


@cache
def _codes(field: str) -> dict[str, str]:
    values = _file()["values"][ANSWERED_AS.get(field, field)].items()
    return {" ".join(tokens(word)): code for code, words in values for word in words}


@cache
def _nations() -> dict[str, str]:
    """Return the alpha-3 codes of countries by their names in the languages of the region."""
    aliases = get_global("territory_aliases")
    by_two = IN_USE | {aliases[code][0]: code for code in nationalities() if code in aliases}
    return {
        " ".join(tokens(name)): by_two[code]
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if code in by_two
    }
