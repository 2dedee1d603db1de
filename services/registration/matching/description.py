"""What somebody is compared by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from services.registration.matching.spelling import folded

PARTS = ("given", "father", "grandfather", "family")


@dataclass(frozen=True)
class Description:
    """What somebody is compared by; names as written, the numbers as they are or not at all."""

    given: str | None
    father: str | None
    grandfather: str | None
    family: str | None
    sex: str
    nationality: str
    born: date | None
    precision: str
    phone: str | None
    documents: tuple[tuple[str, str], ...]
    household: str | None
    days_off: int = 0
    """By how much the day of birth may be wrong, either way, as far as is known."""
    other_phones: tuple[str, ...] = ()
    given_latin: str | None = None
    father_latin: str | None = None
    grandfather_latin: str | None = None
    family_latin: str | None = None

    @property
    def phones(self) -> tuple[str, ...]:
        """All numbers, none of which counts for more than another."""
        return (self.phone, *self.other_phones) if self.phone else self.other_phones

    @cached_property
    def sounding(self) -> Mapping[str, tuple[str, ...]]:
        """How each name sounds, as it is borne and in Latin; computed once for all comparisons."""
        spellings = {part: (getattr(self, part), getattr(self, f"{part}_latin")) for part in PARTS}
        return {
            part: tuple(sorted({sounds for each in told if each and (sounds := folded(each))}))
            for part, told in spellings.items()
        }
