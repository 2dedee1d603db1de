"""How long records are kept, as contracts/retention.yaml says it; no other I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

FILE = Path(__file__).parents[3] / "contracts" / "retention.yaml"

Status = Literal["waiting", "running", "done"]


EFFECTS = {"person": "erase", "note": "delete"}
"""What is done with a record of each class: the code does nothing else, and the file says so."""


@dataclass(frozen=True)
class Period:
    """How long records of one class are kept after the last thing that counts for it."""

    years: int

    def kept_since(self, today: date) -> date:
        """Return the day up to which what came last makes a record due on this day."""
        year = today.year - self.years
        # What came last on a 29 February is due on a 1 March.
        leap_day = (today.month, today.day) == (2, 29)
        return date(year, 2, 28) if leap_day else today.replace(year=year)


@dataclass(frozen=True)
class Policy:
    version: int
    second_person_above: int
    days_to_look: int
    person: Period
    note: Period

    def needs_second_person(self, due: int) -> bool:
        return due > self.second_person_above


@cache
def policy() -> Policy:
    return read(yaml.safe_load(FILE.read_text()))


def read(told: Mapping[str, Any]) -> Policy:
    """ValueError when the file asks for a class or an effect that there is not."""
    effects = {name: each["effect"] for name, each in told["classes"].items()}
    if effects != EFFECTS:
        raise ValueError(f"{FILE.name} has classes with effects {effects}; there are {EFFECTS}.")
    return Policy(
        version=told["version"],
        second_person_above=told["second_person_above"],
        days_to_look=told["days_to_look"],
        **{name: Period(each["years"]) for name, each in told["classes"].items()},
    )
