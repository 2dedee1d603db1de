"""Where a round does not sum: what its source says (StatedTotal), and who explained it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints
from sqlmodel import Field

from chassis.clock import UtcDateTime, now
from chassis.strict import Pcode, Strict, Text
from services.tracking.tables import Table


class StatedTotal(Table, table=True):
    """A total as a row of the source tells it, kept where the parts of it sum to another one."""

    __tablename__ = "stated_total"

    round_number: int = Field(primary_key=True)
    population: str = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    value: int
    source: str


class Explanation(Table, table=True):
    """Why parts and whole differ by just these numbers; by others, it explains nothing."""

    __tablename__ = "sum_explanation"

    round_number: int = Field(primary_key=True)
    population: str = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    parts: int
    whole: int
    reason: str
    explained_by: str
    explained_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ExplanationIn(Strict):
    """Of which disagreement, and why it is right to publish it; nothing personal."""

    pcode: Pcode
    dimension: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z_]{1,40}$")]
    reason: Text


class ExplanationOut(BaseModel):
    reason: str
    explained_by: str
    explained_at: datetime


class DisagreementOut(BaseModel):
    """
    A whole and its parts that differ; `dimension` is `total` where the parts are places below.

    `source` is the sheet and row that tells the whole, if it came in as a workbook.
    """

    pcode: str
    population: str
    dimension: str
    parts: int
    whole: int
    source: str | None
    explanation: ExplanationOut | None


class DisagreementsOut(BaseModel):
    items: list[DisagreementOut]
    next_cursor: str | None
    unexplained: int
