"""Key informants: as told, as kept with what names them sealed, as shown."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, StringConstraints, model_validator
from sqlalchemy import LargeBinary
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import PastDay, Pcode, Strict, Text
from services.tracking.tables import Table

Role = Literal[
    "crisis_committee",
    "baladiya_social_affairs",
    "muhalla_affairs",
    "tribal_representative",
    "displaced_group_representative",
    "migrant_community_representative",
    "education_facility",
    "health_facility",
    "civil_society",
    "other",
]
Sex = Literal["female", "male"]
Reliability = Literal["high", "medium", "low", "untested"]
Phone = Annotated[str, StringConstraints(strict=True, pattern=r"^\+[0-9]{8,15}$")]


class InformantIn(Strict):
    """Whom a team asks about a place; who may not be called leaves no telephone."""

    role: Role
    sex: Sex
    place_pcode: Pcode
    reliability: Reliability = "untested"
    name: Text
    phone: Phone | None = None
    may_be_called: bool = False
    consented_on: PastDay | None = None

    @model_validator(mode="after")
    def _is_called_only_with_consent(self) -> Self:
        if self.may_be_called is not bool(self.consented_on):
            raise ValueError("Consent to be called has the day on which it was given.")
        if self.phone and not self.may_be_called:
            raise ValueError("A telephone is kept only of who may be called.")
        return self


class InformantChange(Strict):
    """What is other; `may_be_called` false takes consent back, and forgets the telephone."""

    reliability: Reliability | None = None
    role: Role | None = None
    phone: Phone | None = None
    may_be_called: bool | None = None
    consented_on: PastDay | None = None


class KeyInformant(Table, table=True):
    """Whom a team asks; name and telephone are sealed under a key that goes when they go."""

    __tablename__ = "key_informant"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    role: str
    sex: str
    place_pcode: str = Field(index=True)
    reliability: str
    may_be_called: bool
    consented_on: date | None = None
    contact: bytes = Field(sa_type=LargeBinary)
    version: int = 1
    organisation: str
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(KeyInformant.organisation),
    place=col(KeyInformant.place_pcode),
    created_by=col(KeyInformant.created_by),
    created_at=col(KeyInformant.created_at),
)


class InformantOut(BaseModel):
    id: UUID
    role: Role
    sex: Sex
    place_pcode: str
    reliability: Reliability
    may_be_called: bool
    consented_on: date | None
    name: str
    phone: str | None
    version: int
    organisation: str
    created_at: datetime


class InformantsOut(BaseModel):
    items: list[InformantOut]
    next_cursor: str | None
