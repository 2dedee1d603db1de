"""What somebody is compared by."""

from dataclasses import dataclass
from datetime import date


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
    given_latin: str | None = None
    father_latin: str | None = None
    grandfather_latin: str | None = None
    family_latin: str | None = None

    def spellings(self, part: str) -> tuple[str | None, ...]:
        """Return how one of the names is written: as it is borne, and in Latin if that is told."""
        latin = getattr(self, f"{part}_latin")
        borne = getattr(self, part)
        return (borne, latin) if latin else (borne,)
