"""An API client: as asked for (ClientIn), as kept (Client), as shown (ClientOut, ClientSecret)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints
from pydantic import Field as Shape
from sqlalchemy import JSON
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Strict, Text
from gateway.tables import Table

Role = Literal[
    "enumerator",
    "case_worker",
    "medical_staff",
    "protection_officer",
    "data_analyst",
    "integrator",
    "dpo",
]
"""What may be given to a client; `admin` is given only at the installation."""

OPERATIONAL_ROLES: tuple[Role, ...] = (
    "enumerator",
    "case_worker",
    "medical_staff",
    "protection_officer",
    "data_analyst",
    "integrator",
)
Place = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}([0-9]{2}){0,4}$")]


class ClientIn(Strict):
    """Which program or person gets a client, for whom, with which roles, and where."""

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
    roles: list[str] = Field(sa_type=JSON)
    places: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClientOut(BaseModel):
    id: UUID
    client_id: str
    name: str
    organisation: str
    roles: list[str]
    places: list[str]
    created_at: datetime
    revoked_at: datetime | None


class ClientSecret(ClientOut):
    """A new client with its secret, which is shown this once and never again."""

    client_secret: str


class ClientsOut(BaseModel):
    items: list[ClientOut]
    next_cursor: str | None


class TokenOut(BaseModel):
    """An access token as RFC 6749 answers it; `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - It is the kind of token, not one.
    expires_in: int
