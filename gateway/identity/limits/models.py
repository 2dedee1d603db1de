"""How often something was tried, counted for all processes of the gateway together."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from chassis.clock import UtcDateTime
from gateway.tables import Table


class Tally(Table, table=True):
    """
    The tries of one address, account or client within a window, which the first of them began.

    `name` is a keyed hash: what somebody typed as their name may be their password.
    """

    name: str = Field(primary_key=True)
    tries: int = Field(sa_type=BigInteger)
    ends_at: datetime = Field(sa_type=UtcDateTime, index=True)
