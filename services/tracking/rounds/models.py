"""A round, its figures and their sums: as kept (Round, Figure, PlaceSum, …) and as shown."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Index
from sqlmodel import Field

from chassis.clock import UtcDateTime, now
from services.tracking.formats.columns import About
from services.tracking.tables import Table

Population = Literal["migrant", "idp", "returnee"]
Dimension = Literal[
    "nationality",
    "shelter",
    "arrival",
    "permit",
    "demographic",
    "sex",
    "reason",
    "origin",
    "returned_from",
]
"""`origin` is where people come from, `returned_from` where returnees had been displaced to."""
Confidence = Literal["high", "medium", "low"]
Breakdown = Dimension | Literal["households"]
"""What a round can be told by; households are no part of the individuals, but beside them."""


class Round(Table, table=True):
    """One collection of figures over the whole country; `restated` counts later corrections."""

    number: int = Field(primary_key=True)
    population: str = Field(primary_key=True)
    period: str | None = None
    individuals: int
    places: int
    version: int = 1
    imported_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class RoundVersion(Table, table=True):
    """
    What a round came to in one version, and what was changed for it; only ever added.

    The first version changes nothing. `imported_by` is the account that sent it.
    """

    __tablename__ = "round_version"

    round_number: int = Field(primary_key=True)
    population: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    individuals: int
    places: int
    figures_changed: int
    places_changed: list[str] = Field(sa_type=JSON)
    reason: str | None = None
    imported_by: str
    imported_at: datetime = Field(sa_type=UtcDateTime)


class Figure(Table, table=True):
    """Individuals counted in one muhalla: all (`total`), or one category of a dimension."""

    # A trend reads one place through all rounds; the key begins with the round.
    __table_args__ = (Index(None, "dimension", "population", "pcode"),)

    round_number: int = Field(primary_key=True)
    population: str = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    value: int


class PlaceSum(Table, table=True):
    """
    What the muhallas of a place sum to in a round, at every level above them; 0 is the country.

    `places` counts the muhallas that have this figure. Kept with each round (sums.py), so that
    nobody waits while they are added up.
    """

    __tablename__ = "place_sum"
    # The key is in the order of a trend; the index in that of a round's table.
    __table_args__ = (Index(None, "round_number", "population", "dimension", "level", "pcode"),)

    population: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    round_number: int = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)
    places: int


class CoverageChange(Table, table=True):
    """
    By how much a sum changed because other muhallas were assessed than in its place's round before.

    Only kept where it is not zero.
    """

    __tablename__ = "coverage_change"
    __table_args__ = (Index(None, "round_number", "population", "level", "pcode"),)

    population: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    round_number: int = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class RoundPlace(Table, table=True):
    """What a round calls a place, and where it puts it, in degrees of WGS 84."""

    __tablename__ = "round_place"

    round_number: int = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    name_en: str
    name_ar: str
    latitude: float | None = None
    longitude: float | None = None


class RoundOut(BaseModel):
    """A round; `individuals` is the sum of all its muhallas, `version` grows when restated."""

    number: int
    population: Population
    period: str | None
    individuals: int
    places: int
    version: int
    imported_at: datetime


class RoundVersionOut(BaseModel):
    """
    A version of a round: what it comes to, and what of the one before it changed.

    A public round is not changed without a `reason`.
    """

    version: int
    individuals: int
    places: int
    figures_changed: int
    places_changed: list[str]
    reason: str | None
    imported_by: str
    imported_at: datetime


class RoundVersionsOut(BaseModel):
    items: list[RoundVersionOut]
    next_cursor: str | None


class RoundsOut(BaseModel):
    items: list[RoundOut]
    next_cursor: str | None


class FigureOut(BaseModel):
    """
    Individuals of a population in a place, in all or in one category.

    `nationality` is ISO 3166-1 alpha-3, `unknown`, or `other` with the region the round gives.
    `source_count` and `confidence` are told of a value that was chosen from estimates.
    `category_name` is that of a place where a category is one.
    """

    pcode: str
    name: str
    name_ar: str
    level: int
    population: Population
    value: int
    by: Breakdown | None = None
    category: str | None = None
    category_name: str | None = None
    nationality: str | None = None
    source_count: int | None = None
    confidence: Confidence | None = None


class FiguresOut(BaseModel):
    items: list[FigureOut]
    next_cursor: str | None
    about: About
