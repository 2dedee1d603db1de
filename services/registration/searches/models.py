"""Searches, as kept: who asked when, a keyed hash of what for, and by what names are found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from services.registration.tables import Table


class Search(Table, table=True):
    """One search of one user; `attributes` names what was searched by, never the words."""

    __table_args__ = (Index(None, "searched_by", "searched_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    searched_by: str
    organisation: str
    attributes: str
    terms_hash: str
    searched_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class NameKey(Table, table=True):
    """
    A word of somebody's name, by which they are found; keyed hashes, so they tell nothing.

    A word is kept for each year in which the person may be born, 0 where none is known. `sounding`
    and `spelt` mark all of the person's words (searches/marks.py), by their classes of sound and by
    their consonants, so that who bears the other words too is seen from one row. Whatever a search
    asks of it is in the primary key, so that common names are found from the index alone.
    """

    __tablename__ = "name_key"
    __table_args__ = (Index(None, "person_id"),)

    key: int = Field(sa_type=BigInteger, primary_key=True)
    born_in: int = Field(primary_key=True)
    mantika: str = Field(primary_key=True)
    nationality: str = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True)
    sounding: int = Field(sa_type=BigInteger, primary_key=True)
    spelt: int = Field(sa_type=BigInteger, primary_key=True)
