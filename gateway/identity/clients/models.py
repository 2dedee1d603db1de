"""An API client: as asked for (ClientIn), as kept (Client), as shown (ClientOut, ClientSecret)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Shape
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Strict, Text
from gateway.identity.roles import Place, Role
from gateway.tables import Table


class ClientIn(Strict):
    """Which program gets a client, for whom, with which roles, all of them where."""

    name: Text
    organisation: Code
    roles: list[Role] = Shape(min_length=1, max_length=10)
    places: list[Place] = Shape(default=["LY"], min_length=1, max_length=100)


class Client(Table, table=True):
    """A client that may ask for tokens; of its secret only a hash is kept."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str = Field(unique=True)
    name: str
    secret_hash: str
    organisation: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClientOut(BaseModel):
    """
    A client and what it may do now: its roles in force, and the places of any of them.

    `waiting` are the roles that a data-protection officer has not approved yet.
    """

    id: UUID
    client_id: str
    name: str
    organisation: str
    roles: list[str]
    places: list[str]
    waiting: list[str]
    created_at: datetime
    revoked_at: datetime | None


class ClientSecret(ClientOut):
    """A new client with its secret, which is shown this once and never again."""

    client_secret: str


class ClientsOut(BaseModel):
    items: list[ClientOut]
    next_cursor: str | None
