"""An API client: as asked for (ClientIn), as kept (Client), as shown (ClientOut, ClientSecret)."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic import Field as Shape
from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Moment, Strict, Text
from gateway.identity.roles import Place, Role
from gateway.tables import Table


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError("is not an address or a network like 192.0.2.0/24") from None


Network = Annotated[str, StringConstraints(strict=True, max_length=50), AfterValidator(_network)]


class ClientIn(Strict):
    """
    Which program gets a client, for whom, with which roles, all of them where.

    `owner` is who answers for it. Without `addresses` it may come from anywhere; without the
    bounds it may ask as often as it wants, for good.
    """

    name: Text
    organisation: Code
    roles: list[Role] = Shape(min_length=1, max_length=10)
    places: list[Place] = Shape(default=["LY"], min_length=1, max_length=100)
    owner: Text | None = None
    addresses: list[Network] = Shape(default=[], max_length=20)
    expires_at: Moment | None = None
    daily_requests: Annotated[int | None, Shape(strict=True, ge=1, le=100_000_000)] = None
    requests_per_minute: Annotated[int | None, Shape(strict=True, ge=1, le=1_000_000)] = None


class Client(Table, table=True):
    """
    A client that may ask for tokens; of its secret only a hash is kept.

    While a secret is replaced the old one counts too, until `old_secret_until`. The last time
    that it was refused is kept for its owner to see.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str = Field(unique=True)
    name: str
    owner: str | None = None
    secret_hash: str
    old_secret_hash: str | None = None
    old_secret_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    organisation: str
    addresses: list[str] = Field(default_factory=list, sa_type=JSON)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    daily_requests: int | None = None
    requests_per_minute: int | None = None
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refused_because: str | None = None


class ClientUse(Table, table=True):
    """How many requests of a client there were on a day (UTC)."""

    __tablename__ = "client_use"

    client_id: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    requests: int = Field(sa_type=BigInteger)


class ClientOut(BaseModel):
    """
    A client and what it may do now: its roles in force, and the places of any of them.

    `waiting` are the roles that a data-protection officer has not approved yet.
    """

    id: UUID
    client_id: str
    name: str
    owner: str | None
    organisation: str
    roles: list[str]
    places: list[str]
    waiting: list[str]
    addresses: list[str]
    expires_at: datetime | None
    daily_requests: int | None
    requests_per_minute: int | None
    created_at: datetime
    revoked_at: datetime | None
    old_secret_until: datetime | None
    refused_at: datetime | None
    refused_because: str | None


class NewSecret(Strict):
    """Ask for a new secret, beside which the old one counts for a while."""

    overlap_hours: Annotated[int, Shape(strict=True, ge=0, le=168)] = 24


class ClientSecret(ClientOut):
    """A client with its new secret, which is shown this once and never again."""

    client_secret: str


class ClientsOut(BaseModel):
    items: list[ClientOut]
    next_cursor: str | None
