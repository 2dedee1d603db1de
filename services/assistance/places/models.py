"""Assistance's own small copy of the places, fed by tracking."""

from sqlmodel import Field

from services.assistance.tables import Table


class Place(Table, table=True):
    pcode: str = Field(primary_key=True)
    level: int
    parent_pcode: str | None = None
    version: int
