"""How long records are kept, as contracts/retention.yaml says it; no other I/O."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

FILE = Path(__file__).parents[3] / "contracts" / "retention.yaml"

Status = Literal["waiting", "running", "done"]


@dataclass(frozen=True)
class Policy:
    version: int
    second_person_above: int
    years: int

    def kept_since(self, today: date) -> date:
        """Return the day of a last service up to which records are due on this day."""
        year = today.year - self.years
        # What was last served on a 29 February is due on a 1 March.
        leap_day = (today.month, today.day) == (2, 29)
        return date(year, 2, 28) if leap_day else today.replace(year=year)

    def needs_second_person(self, due: int) -> bool:
        return due > self.second_person_above


@cache
def policy() -> Policy:
    told = yaml.safe_load(FILE.read_text())
    return Policy(
        version=told["version"],
        second_person_above=told["second_person_above"],
        years=told["classes"]["person"]["years"],
    )
