"""An account that registration has frozen, or has let in again, as the gateway knows it."""

from datetime import datetime

from sqlmodel import Field

from chassis.clock import UtcDateTime
from gateway.tables import Table


class Freeze(Table, table=True):
    """
    When an account was last frozen and last let in again; the later of the two counts.

    The news of the one may overtake that of the other, so both are kept.
    """

    account: str = Field(primary_key=True)
    frozen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
