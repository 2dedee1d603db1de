"""How a figure becomes a row of IOM's DTM API, and which rows a request asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chassis.problems import Fault, Problem
from services.tracking.displacement.models import NOT_AVAILABLE, Country, Displaced, Operation
from services.tracking.flows import countries
from services.tracking.series.models import TrendPoint
from services.tracking.series.rules import last_day

COUNTRY = Country(admin0_name="Libya", admin0_pcode="LBY")
OPERATION = Operation(operation="Libya Crisis", operation_status="Active", **COUNTRY.model_dump())
ASSESSMENTS = {"mobility_tracking": "BA", "event_tracking": "ETT"}
"""The components that count displaced people, and what the API calls an assessment of them."""
LENGTHS = (2, 4, 6)
"""How long the p-codes of its three levels are."""


Part = tuple[str, str]
"""A dimension and a category of it."""


@dataclass(frozen=True)
class Wanted:
    """What a request asks for; texts match whole, in capitals or not."""

    operation: str | None = None
    country_name: str | None = None
    admin0_pcode: str | None = None
    admin1_name: str | None = None
    admin1_pcode: str | None = None
    admin2_name: str | None = None
    admin2_pcode: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    first_round: int | None = None
    last_round: int | None = None

    def refuse_without_country(self) -> None:
        if self.operation is self.country_name is self.admin0_pcode is None:
            fault = Fault(
                pointer="query",
                code="missing",
                detail="Name Operation, CountryName or Admin0Pcode, at least one of them.",
            )
            raise Problem(422, "validation", "The country is not named.", errors=[fault])

    def of_country(self) -> bool:
        return (
            _is(self.operation, OPERATION.operation)
            and _is(self.country_name, COUNTRY.admin0_name)
            and _is(self.admin0_pcode, COUNTRY.admin0_pcode)
        )

    def takes(self, row: Displaced) -> bool:
        """Say whether a row is asked for; a row without a day is within no days."""
        if self.first_day or self.last_day:
            if row.reporting_date is None:
                return False
            day = date.fromisoformat(row.reporting_date[:10])
            if not (self.first_day or day) <= day <= (self.last_day or day):
                return False
        return (
            _is(self.admin1_name, row.admin1_name)
            and _is(self.admin1_pcode, row.admin1_pcode)
            and _is(self.admin2_name, row.admin2_name)
            and _is(self.admin2_pcode, row.admin2_pcode)
        )


def row(
    point: TrendPoint, value: int, names: dict[str, str], parts: Mapping[Part, int]
) -> Displaced:
    """
    Return the row of a figure.

    It is reported on the last day of its period; one that was published here, on the day of that.
    """
    period = point.period_end or point.period_start
    published_here = point.known_since if point.source is None else None
    day = last_day(period) if period else published_here
    admin1, admin2 = (
        point.pcode[:length] if len(point.pcode) >= length else None for length in LENGTHS[1:]
    )
    origins = _told(parts, "origin", value)
    return Displaced(
        id=_number(point),
        operation=OPERATION.operation,
        **COUNTRY.model_dump(),
        admin1_name=names.get(admin1, admin1) if admin1 else None,
        admin1_pcode=admin1,
        admin2_name=names.get(admin2, admin2) if admin2 else None,
        admin2_pcode=admin2,
        num_present_idp_ind=value,
        reporting_date=f"{day}T00:00:00" if day else None,
        year_reporting_date=day.year if day else None,
        month_reporting_date=day.month if day else None,
        round_number=point.round_number,
        displacement_reason=reasons(parts, value),
        idp_origin_admin1_name=_in_words([_called(each, names) for each in origins]),
        idp_origin_admin1_pcode=_in_words(origins),
        number_males=parts.get(("sex", "male")),
        number_females=parts.get(("sex", "female")),
        assessment_type=ASSESSMENTS[point.component],
    )


def reasons(parts: Mapping[Part, int], value: int) -> str | None:
    """Return why people are displaced, the most frequent first; None where a part is not told."""
    named = _told(parts, "reason", value)
    return ", ".join(each.replace("_", " ").capitalize() for each in named) or None


def _told(parts: Mapping[Part, int], by: str, value: int) -> list[str]:
    """Return the categories of a dimension, the most frequent first; none where one is hidden."""
    told = {category: n for (dimension, category), n in parts.items() if dimension == by and n}
    # One that is hidden must not be known by its absence either.
    return sorted(told, key=lambda each: (-told[each], each)) if sum(told.values()) == value else []


def _called(origin: str, names: Mapping[str, str]) -> str:
    called = names.get(origin) or countries.names(origin)[0]
    return called[:1].upper() + called[1:]


def _in_words(told: Sequence[str]) -> str:
    return ", ".join(told) or NOT_AVAILABLE


def _number(point: TrendPoint) -> int:
    """Return a number that the same figure always has, as each row of the API has one."""
    place = int(point.pcode[2:] or 0)
    return (point.round_number * 10_000 + place) * 10 + list(ASSESSMENTS).index(point.component)


def _is(wanted: str | None, found: str | None) -> bool:
    return wanted is None or wanted.casefold() == (found or "").casefold()
