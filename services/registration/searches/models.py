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

    `key` is of the word's classes of sound, `skeleton` of its consonants, which tells more apart.
    A word is kept for each year in which the person may be born, 0 where none is known. Whatever a
    search asks of it is in the primary key, so that common names are found from the index alone.
    """

    __tablename__ = "name_key"
    __table_args__ = (Index(None, "person_id"),)

    key: int = Field(sa_type=BigInteger, primary_key=True)
    born_in: int = Field(primary_key=True)
    mantika: str = Field(primary_key=True)
    skeleton: int = Field(sa_type=BigInteger, primary_key=True)
    person_id: UUID = Field(primary_key=True)
