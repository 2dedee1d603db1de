"""Origins and destinations of a month on their way to the public: as kept, and as shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict, Text
from services.tracking.disclosure.rules import Reason
from services.tracking.formats import terms
from services.tracking.publications.models import WhyHiddenOut
from services.tracking.tables import Table

Status = Literal["draft", "published", "refused"]
MONTH = r"^2[0-9]{3}-(0[1-9]|1[0-2])$"
EACH = ""
"""Stands for all origins, or all destinations, where a table is kept."""


class FlowPublication(Table, table=True):
    """
    One table of a month; from its approval on nothing of it changes any more.

    `vintage` counts the publications of a month, from 1; `beside` names those before it.
    """

    __tablename__ = "flow_publication"
    __table_args__ = (UniqueConstraint("month", "vintage"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    month: str
    vintage: int | None = None
    status: str = "draft"
    individuals: int
    observed_hours: int
    hours: int
    k: int
    beside: list[str] = Field(sa_type=JSON)
    cells: int
    suppressed: int
    reason: str | None = None
    drafted_by: str
    drafted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PublicFlow(Table, table=True):
    """A cell as the public sees it; without a value, it is hidden. Only ever added."""

    __tablename__ = "public_flow"

    publication_id: UUID = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    destination: str = Field(primary_key=True)
    value: int | None = None


class WithheldFlow(Table, table=True):
    """What a hidden cell holds, for the control of later vintages; never shown."""

    __tablename__ = "withheld_flow"

    publication_id: UUID = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    destination: str = Field(primary_key=True)
    value: int
    reason: str


class FlowDraftIn(Strict):
    """Which month to publish; one that is public already needs a reason."""

    month: Annotated[str, StringConstraints(strict=True, pattern=MONTH)]
    reason: Text | None = None


class FlowVintageOut(BaseModel):
    """
    A published month as anybody sees it.

    `individuals` were seen in the `observed_hours` of all `hours` at the points; nothing is put in
    for hours in which nobody watched. `suppressed` of its `cells` are hidden.
    """

    month: str
    vintage: int | None
    individuals: int
    observed_hours: int
    hours: int
    published_at: datetime | None
    k: int
    cells: int
    suppressed: int
    reason: str | None


class FlowVintagesOut(BaseModel):
    items: list[FlowVintageOut]
    next_cursor: str | None


class FlowPublicationOut(FlowVintageOut):
    """A publication as analysts see it."""

    id: UUID
    status: Status
    drafted_by: str
    drafted_at: datetime
    decided_by: str | None


class FlowPublicationsOut(BaseModel):
    items: list[FlowPublicationOut]
    next_cursor: str | None


class FlowCellOut(BaseModel):
    """
    People seen on the way from a region, or a country, to another; null where it is hidden.

    An origin or destination that is null stands for all of them. What is not listed is zero.
    """

    origin: str | None
    origin_name: str | None
    origin_name_ar: str | None
    destination: str | None
    destination_name: str | None
    destination_name_ar: str | None
    value: int | None
    suppressed: bool


class FlowCellsOut(BaseModel):
    """The table of a month; Libya's places are told at level 1 and never below it."""

    month: str
    vintage: int | None
    level: int = 1
    k: int
    observed_hours: int
    hours: int
    licence: str = Field(default_factory=terms.licence)
    attribution: str = Field(default_factory=terms.attribution)
    items: list[FlowCellOut]
    next_cursor: str | None


class FlowSuppressionOut(WhyHiddenOut):
    """Of a pair, or of the sum over the origins or destinations that are not named."""


class ReviewedFlowOut(FlowCellOut):
    """A cell as analysts see it before and after approval: `why` it is hidden is told to them."""

    why: Reason | None = None


class ReviewedFlowsOut(BaseModel):
    items: list[ReviewedFlowOut]
    next_cursor: str | None
