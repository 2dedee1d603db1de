"""Decisions about consents without I/O: the texts, who is a child, when nothing changes."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

State = Literal["given", "refused", "withdrawn"]
Form = Literal["written", "recorded", "verbal"]
Minor = Literal["yes", "no", "unknown"]

TEXTS_FILE = Path(__file__).parent / "texts.yaml"
OF_AGE = 18
ESTIMATE_YEARS = 2
"""How far from the truth an estimated birth date may lie, either way; our own choice."""


@cache
def texts() -> dict[str, dict[str, dict[str, str]]]:
    """Return {version: {purpose: {language: text}}}, the newest version last."""
    loaded: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(TEXTS_FILE.read_text("utf-8"))
    return loaded


def current_version() -> str:
    return list(texts())[-1]


def read_in(version: str, purpose: str) -> frozenset[str]:
    """Return the languages in which a version says something about a purpose."""
    return frozenset(texts().get(version, {}).get(purpose, {}))


def minor(birth_date: date, precision: str, on: date) -> Minor:
    """
    Say whether somebody is under age on a day: no birth date is more exact than it was told.

    A date known to the month or year, or estimated, is an interval; when the day of coming of age
    may lie on either side of `on`, the answer is that it is not known.
    """
    earliest, latest = born(birth_date, precision)
    if age(latest, on) >= OF_AGE:
        return "no"
    return "yes" if age(earliest, on) < OF_AGE else "unknown"


def born(birth_date: date, precision: str) -> tuple[date, date]:
    """Return the first and the last day on which somebody may be born."""
    year, month = birth_date.year, birth_date.month
    if precision == "month":
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    if precision == "year":
        return date(year, 1, 1), date(year, 12, 31)
    if precision == "estimated":
        return date(year - ESTIMATE_YEARS, 1, 1), date(year + ESTIMATE_YEARS, 12, 31)
    return birth_date, birth_date


def age(birth_date: date, on: date) -> int:
    """Return full years; who was born on 29 February is a year older on 1 March, if not before."""
    before = (on.month, on.day) < (birth_date.month, birth_date.day)
    return on.year - birth_date.year - before


def needs_guardian(given: bool, minor: Minor) -> bool:
    """Nobody needs another to say no; a yes of somebody who may be a child needs one."""
    return given and minor != "no"


def withdrawn_from(state: str | None) -> State | None:
    """Return what a withdrawal makes of an answer; None when it is a no already."""
    if state == "given":
        return "withdrawn"
    return "refused" if state is None else None
