"""Forms from which registrations come by themselves, and what came: as told, kept and shown."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.jobs import Remark
from chassis.scoping import Scoping
from chassis.strict import Strict, Text
from services.registration.tables import Table

Source = Literal["kobo", "odk"]
Status = Literal["accepted", "rejected", "conflict"]


class FormIn(Strict):
    """A form of KoboToolbox or ODK Central, and the mapping by which its answers are read."""

    name: Text
    source: Source
    mapping_id: UUID


class IntakeForm(Table, table=True):
    """
    A form that may send; what it registers belongs to the organisation of who let it in.

    `places` are those of who let it in, as they stood then. `minute` and `in_minute` count what
    came in the last minute that anything came.
    """

    __tablename__ = "intake_form"
    __table_args__ = (Index(None, "organisation", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    name: str
    source: str
    mapping_id: UUID = Field(foreign_key="mapping.id")
    places: list[str] = Field(sa_type=JSON)
    secret_hash: str
    minute: int = 0
    in_minute: int = 0
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def actor(self) -> str:
        """Who registers people, on the record."""
        return f"form-{self.id}"


FORM_SCOPING = Scoping(organisation=col(IntakeForm.organisation))


class FormOut(BaseModel):
    """`address` is where the form's server sends submissions to."""

    id: UUID
    name: str
    source: Source
    mapping_id: UUID
    address: str
    created_by: str
    created_at: datetime
    ended_at: datetime | None


class FormMade(FormOut):
    """
    The form with its secret, which is shown this once.

    It is sent as the password of HTTP's basic authentication, whoever the user, or as X-API-Key.
    """

    secret: str


class FormsOut(BaseModel):
    items: list[FormOut]
    next_cursor: str | None


class Submission(Table, table=True):
    """
    What became of one submission; what it said of people is kept with them, or not at all.

    `uuid` names it from its first version to its last, `instance` is the version seen last, and
    `fingerprint` tells whether it says the same again.
    """

    __table_args__ = (
        UniqueConstraint("form_id", "uuid"),
        Index(None, "form_id", "instance"),
        Index(None, "organisation", "status", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    form_id: UUID = Field(foreign_key="intake_form.id")
    organisation: str
    uuid: str
    instance: str
    status: str
    people: int = 0
    reasons: list[dict[str, Any]] = Field(sa_type=JSON)
    warnings: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
    fingerprint: str
    received_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SUBMISSION_SCOPING = Scoping(organisation=col(Submission.organisation))


class SubmittedPerson(Table, table=True):
    """Whom a submission registered, for whoever corrects the record of an edited one."""

    __tablename__ = "submitted_person"

    submission_id: UUID = Field(foreign_key="submission.id", primary_key=True)
    person_id: UUID = Field(primary_key=True, index=True)


class SubmissionOut(BaseModel):
    """
    What became of a submission; in its remarks a row is the number of the person within it.

    `rejected`: nobody of it is registered; sent again it is read again. `conflict`: it was edited
    after its people were registered; their records stay as they are until somebody corrects them.
    `warnings` say what wants a look in what was registered, as those of an import do.
    """

    id: UUID
    form_id: UUID
    uuid: str
    status: Status
    people: int
    person_ids: list[UUID]
    reasons: list[Remark]
    warnings: list[Remark]
    received_at: datetime
    changed_at: datetime


class SubmissionsOut(BaseModel):
    items: list[SubmissionOut]
    next_cursor: str | None


class Received(BaseModel):
    """What became of a submission that was sent: it is kept, `unchanged` when it was before."""

    id: UUID | None
    status: Literal["accepted", "unchanged", "rejected", "conflict", "ignored"]
    people: int
    reasons: list[Remark]
    warnings: list[Remark] = []
