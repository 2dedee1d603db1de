"""A place: as kept (Place) and as shown (PlaceOut), in a tree of p-codes."""

from pydantic import BaseModel
from sqlmodel import Field

from services.tracking.tables import Table


class Place(Table, table=True):
    """A region (level 1), mantika (2), baladiya (3) or muhalla (4) of the COD-AB p-code list."""

    pcode: str = Field(primary_key=True)
    level: int = Field(index=True)
    parent_pcode: str | None = Field(default=None, index=True)
    name_en: str
    name_ar: str
    version: int = 1


class Ancestor(BaseModel):
    pcode: str
    level: int
    name_en: str
    name_ar: str


class PlaceOut(BaseModel):
    """A place with its names, and what it lies in, the largest first."""

    pcode: str
    level: int
    parent_pcode: str | None
    name_en: str
    name_ar: str
    ancestors: list[Ancestor]


class PlaceRow(BaseModel):
    """A place in a list."""

    pcode: str
    level: int
    parent_pcode: str | None
    name_en: str
    name_ar: str


class PlacesOut(BaseModel):
    items: list[PlaceRow]
    next_cursor: str | None
