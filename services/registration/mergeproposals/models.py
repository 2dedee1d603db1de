"""One person's registrations in two organisations: what each may see, what it asks and answers."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlalchemy import Index, text
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict
from services.registration.duplicates.models import Band, Registration
from services.registration.mergeproposals.rules import Because, Side, State
from services.registration.tables import Table

OPEN = text("state = 'open'")


class ProposalIn(Strict):
    """
    Which registration is to go on; the other organisation confirms or refuses.

    Who keeps `theirs` writes nothing more of the person, whose record the other organisation goes
    on with.
    """

    keep: Side


class AnswerIn(Strict):
    """`because` is told with a refusal, and only then."""

    confirmed: Annotated[bool, Shape(strict=True)]
    because: Because | None = None

    @model_validator(mode="after")
    def _says_why_not(self) -> Self:
        if self.confirmed != (self.because is None):
            raise ValueError("a refusal says why, and nothing else does")
        return self


class MergeProposal(Table, table=True):
    """
    What one organisation asked of another about a pair of registrations; the lesser id is left.

    `proposer` and `decider` are the organisations of who proposed and who decided last. A pair is
    found anew when either is corrected, so the two persons are kept and not the pair.
    """

    __tablename__ = "merge_proposal"
    __table_args__ = (
        Index(
            "uq_merge_proposal_open",
            "left_id",
            "right_id",
            unique=True,
            postgresql_where=OPEN,
            sqlite_where=OPEN,
        ),
        Index(None, "left_id", "right_id"),
        Index(None, "right_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    left_id: UUID
    right_id: UUID
    kept_id: UUID
    proposer: str
    proposed_by: str
    proposed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    state: str = "open"
    because: str | None = None
    decider: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DismissalIn(Strict):
    """Why one's own side does not look at a pair any more; the other side is not told."""

    because: Because


class DismissalOut(BaseModel):
    """What one's own side has said of a pair without being asked."""

    pair_id: UUID
    because: Because
    dismissed_by: str
    dismissed_at: datetime


class MergeDismissal(Table, table=True):
    """That one side has said of two registrations, unasked, that they are not to be merged."""

    __tablename__ = "merge_dismissal"
    __table_args__ = (Index(None, "right_id"),)

    left_id: UUID = Field(primary_key=True)
    right_id: UUID = Field(primary_key=True)
    organisation: str = Field(primary_key=True)
    because: str
    dismissed_by: str
    dismissed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class AgreementOfAttribute(BaseModel):
    """How an attribute of the two agrees; numbers, phones and households are told to neither."""

    attribute: str
    level: str


class CandidateOut(BaseModel):
    """A registration of one's own, and that another organisation may have the person too."""

    id: UUID
    band: Band
    ours: Registration
    other_organisation: str
    reasons: list[AgreementOfAttribute]


class CandidatesOut(BaseModel):
    items: list[CandidateOut]
    next_cursor: str | None


class ProposalOut(BaseModel):
    """
    A proposal as one side sees it: `keep` is `ours` or `theirs` for whoever reads it.

    Accounts are named to their own organisation only. `band` and `reasons` are as they are now, and
    null when the two look no more like one.
    """

    id: UUID
    pair_id: UUID | None
    state: State
    asked: Literal["by_us", "of_us"]
    keep: Side
    ours: Registration
    other_organisation: str
    band: Band | None
    reasons: list[AgreementOfAttribute] | None
    proposed_by: str | None
    proposed_at: datetime
    until: datetime
    because: Because | None
    decided_by: str | None
    decided_at: datetime | None
    undo_until: datetime | None


class ProposalsOut(BaseModel):
    items: list[ProposalOut]
    next_cursor: str | None
