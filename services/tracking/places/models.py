"""A place: as kept (Place, its aliases and shape) and as shown, in a tree of p-codes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict, Text
from services.tracking.tables import Table


class Place(Table, table=True):
    """
    A region (level 1), mantika (2), baladiya (3) or muhalla (4) of the COD-AB p-code list.

    It is on the list from `valid_from` to `valid_until`, both days included; without them, always.
    """

    pcode: str = Field(primary_key=True)
    level: int = Field(index=True)
    parent_pcode: str | None = Field(default=None, index=True)
    name_en: str
    name_ar: str
    name_fr: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    version: int = 1


class PlaceAlias(Table, table=True):
    """Another name that people know a place by."""

    __tablename__ = "place_alias"
    __table_args__ = (UniqueConstraint("pcode", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    pcode: str = Field(foreign_key="place.pcode")
    name: str
    added_by: str
    added_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class FormerName(Table, table=True):
    """What a place was called until a day, that day included; without a first day, ever before."""

    __tablename__ = "former_place_name"
    __table_args__ = (UniqueConstraint("pcode", "valid_until"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    pcode: str = Field(foreign_key="place.pcode")
    name_en: str
    name_ar: str
    name_fr: str | None = None
    valid_from: date | None = None
    valid_until: date
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PlaceShape(Table, table=True):
    """Where a place ends, as a GeoJSON polygon, and the box around it, in degrees of WGS 84."""

    __tablename__ = "place_shape"

    pcode: str = Field(primary_key=True, foreign_key="place.pcode")
    level: int
    west: float
    south: float
    east: float
    north: float
    geometry: dict[str, Any] = Field(sa_type=JSON)


class Ancestor(BaseModel):
    pcode: str
    level: int
    name_en: str
    name_ar: str
    name_fr: str | None


class PlaceRow(BaseModel):
    """A place in a list."""

    pcode: str
    level: int
    parent_pcode: str | None
    name_en: str
    name_ar: str
    name_fr: str | None
    latitude: float | None
    longitude: float | None
    valid_from: date | None
    valid_until: date | None


class AliasOut(BaseModel):
    id: UUID
    name: str


class PlaceOut(PlaceRow):
    """A place with its names, and what it lies in, the largest first."""

    ancestors: list[Ancestor]
    aliases: list[AliasOut]


class NamedOut(BaseModel):
    """What a place is or was called, and in which place it lies, in that time."""

    name_en: str
    name_ar: str
    name_fr: str | None
    parent_pcode: str | None
    valid_from: date | None
    valid_until: date | None


class PlaceHistoryOut(BaseModel):
    """The names of a place through time, the oldest first."""

    items: list[NamedOut]
    next_cursor: None = None


class PlacesOut(BaseModel):
    items: list[PlaceRow]
    next_cursor: str | None


class AliasIn(Strict):
    name: Text


class Likely(BaseModel):
    """A place that may be meant by a name, and the name of it that is nearest; 1 is the same."""

    place: PlaceRow
    name: str
    likeness: float


class LikelyOut(BaseModel):
    """The places that may be meant by a name, the likeliest first."""

    items: list[Likely]
    next_cursor: None = None


class Located(BaseModel):
    """
    The place of a point: that whose polygon has it, else the nearest by its centre.

    `distance_km` is from the point to the centre, and 0 inside a polygon.
    """

    place: PlaceRow
    inside: bool
    distance_km: float


class ShapeOut(BaseModel):
    """A place as a GeoJSON feature."""

    type: str = "Feature"
    id: str
    properties: PlaceRow
    geometry: dict[str, Any]
