"""What somebody is compared by."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from services.registration.matching.sounding import readings

PARTS = ("given", "father", "grandfather", "family")
UNKNOWN_SEX = "unknown"
UNSPECIFIED_NATIONALITY = "XXX"
"""ICAO Doc 9303's code. Of either nothing follows for another person of whom it is not known."""
IN_LATIN = {part: f"{part}_latin" for part in PARTS}


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

    def sounding(self, part: str) -> tuple[str, ...]:
        """Return how a name and its parts sound, as it is borne and in Latin."""
        return _sounding(getattr(self, part), getattr(self, IN_LATIN[part]))


@lru_cache(maxsize=1 << 17)
def _sounding(*told: str | None) -> tuple[str, ...]:
    return tuple(sorted({sounds for each in told if each for sounds in readings(each)}))
