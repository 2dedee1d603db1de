"""A subscription key: as kept (SubscriptionKey) and as given (KeyOut)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Field

from chassis.clock import UtcDateTime, now
from gateway.tables import Table


class SubscriptionKey(Table, table=True):
    """A key by which a client reads published displacement; only its hash is kept."""

    __tablename__ = "subscription_key"

    key_hash: str = Field(primary_key=True)
    client: UUID = Field(index=True)
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class KeyOut(BaseModel):
    """A new key, which is shown this once and never again; `keys` of the client count now."""

    subscription_key: str
    keys: int
    made_at: datetime
