"""A person: as registered (PersonIn), as kept (Person), as shown (PersonOut)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints
from pydantic import Field as Shape
from pydantic_core import to_json
from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint, and_, exists, or_, text, true
from sqlalchemy.orm import aliased
from sqlmodel import Field, col

from chassis.authz import Clause, Scoping, Who, moment
from chassis.clock import UtcDateTime, new_id, now, today
from chassis.fields import Maskable, MaskedNumber, Shown
from chassis.strict import Code, PastDay, Pcode, Strict, Text
from services.registration.assignments.models import Assignment
from services.registration.breakglass.models import broken
from services.registration.households.models import lives_with_own
from services.registration.ownfiles.models import OwnFile
from services.registration.persons import rules
from services.registration.persons.birth_models import BirthIn, BornBetween
from services.registration.persons.births import Calendar, Precision
from services.registration.referrals.models import referred
from services.registration.requests.models import SubjectRequest
from services.registration.tables import Table
from services.registration.vulnerability.instruments import Level

MOST_DOCUMENTS = 10
AT_FIRST = (
    "external_id",
    "given_name",
    "father_name",
    "grandfather_name",
    "family_name",
    "sex",
    "birth_date",
    "birth_date_precision",
    "nationality",
    "population_category",
    "phone",
    "documents",
    "location_pcode",
    "household_ref",
    "relationship_to_head",
    "consent",
)
LATER = ("birth_date_calendar", "age", "age_to", "age_as_of")


def _nationality(code: str) -> str:
    if code not in rules.nationalities():
        raise ValueError("is not an ISO 3166-1 alpha-3 code")
    return code


Sex = Literal["male", "female", "other", "unknown"]
Category = Literal["migrant", "idp", "returnee", "host_community"]
Nationality = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$"), AfterValidator(_nationality)
]
Phone = Annotated[
    str, StringConstraints(strict=True, min_length=3, max_length=32), AfterValidator(rules.e164)
]


class Document(Strict):
    """A paper that says who somebody is; kept as shown, never verified by us."""

    type: Code
    number: Text


class ConsentIn(Strict):
    """Whether the person agreed that their record is kept and used, and in which language."""

    given: Annotated[bool, Shape(strict=True)]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] | None = None
    interpreter: Annotated[bool, Shape(strict=True)] = False


def _in_full(consent: Any) -> Any:
    return {"given": consent} if isinstance(consent, bool) else consent


ConsentTold = Annotated[
    ConsentIn, BeforeValidator(_in_full, json_schema_input_type=ConsentIn | bool)
]
"""Consent told in full, or as its answer alone."""


class PersonIn(BirthIn):
    """
    What is told when somebody is registered.

    Names are as the person bears them, in any script; only the given name is needed, because
    many people have one name. `consent` is true, false or told in full; a person whose consent
    was not asked is registered too, because aid does not depend on it.
    """

    external_id: Code
    given_name: Text
    father_name: Text | None = None
    grandfather_name: Text | None = None
    family_name: Text | None = None
    sex: Sex
    nationality: Nationality
    population_category: Category
    phone: Phone | None = None
    documents: list[Document] = Shape(default=[], max_length=MOST_DOCUMENTS)
    location_pcode: Pcode
    household_ref: Code | None = None
    relationship_to_head: Code | None = None
    registered_on: PastDay = Shape(default_factory=today)
    consent: ConsentTold | None = None

    def canonical(self) -> str:
        """What the registration says, in one form, whoever sends it and whenever."""
        values = self.model_dump(mode="json", exclude={"registered_on"})
        values["birth_date_precision"] = self.birth().birth_date_precision
        if self.age_as_of == self.registered_on:
            values["age_as_of"] = None
        # What goes without saying is left out, so that a registration from before says the same
        # when it is sent again, and one that comes from an export what it said at first.
        told = {name: values[name] for name in LATER if values[name] not in {None, "gregorian"}}
        return to_json({name: values[name] for name in AT_FIRST} | told).decode()


class Person(Table, table=True):
    """
    A person in the register. Personal (S2 and S3): no column but the codes leaves in events.

    Phone and documents are sealed (persons/sealed.py); an index finds an equal phone again.
    """

    __table_args__ = (
        UniqueConstraint("organisation", "external_id"),
        # Each list begins after an id, among the rows of an organisation, an owner or a maker.
        Index(None, "organisation", "id"),
        Index(None, "case_owner", "id"),
        Index(None, "created_by", "id"),
        # Whom nobody has been compared with yet, or not since they were corrected.
        Index(
            "ix_person_not_matched",
            "id",
            postgresql_where=text("matched_version < version"),
            sqlite_where=text("matched_version < version"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_number: str = Field(unique=True)
    organisation: str
    external_id: str
    given_name: str
    father_name: str | None = None
    grandfather_name: str | None = None
    family_name: str | None = None
    sex: str
    birth_date: str | None = None
    birth_date_precision: str
    birth_date_calendar: str = Field(
        default="gregorian", sa_column_kwargs={"server_default": "gregorian"}
    )
    age: int | None = None
    age_to: int | None = None
    age_as_of: date | None = None
    nationality: str
    population_category: str
    phone: bytes | None = Field(default=None, sa_type=LargeBinary)
    phone_index: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)
    documents: bytes = Field(sa_type=LargeBinary)
    location_pcode: str = Field(index=True)
    household_ref: str | None = None
    relationship_to_head: str | None = None
    registered_on: date
    consent: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    departed_on: date | None = None
    vulnerability_level: str | None = None
    vulnerability_review_on: date | None = Field(default=None, index=True)
    fingerprint: str
    merged_into: UUID | None = Field(default=None, index=True)
    merged: list[str] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
    """The ids of the registrations that were found to be this person's too."""
    version: int = 1
    matched_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    case_owner: str | None = None


def scoping_of(person: type[Person]) -> Scoping:
    """Return how persons are scoped, for the table or for an alias of it."""

    def assigned(caller: Who) -> Clause:
        handed_over = exists().where(
            col(Assignment.person_id) == col(person.id),
            col(Assignment.worker_id) == caller.id,
            col(Assignment.ended_at).is_(None),
        )
        return (col(person.case_owner) == caller.id) | handed_over

    def has_open_request(_caller: Who) -> Clause:
        return exists().where(
            col(SubjectRequest.person_id) == col(person.id),
            col(SubjectRequest.kind) == "access",
            col(SubjectRequest.closed_at).is_(None),
            col(SubjectRequest.until) > moment(),
        )

    def closed(caller: Who) -> Clause:
        """Return whether the person, or somebody of their household, is the caller or theirs."""
        relative = aliased(Person)
        household = and_(
            col(relative.organisation) == col(person.organisation),
            col(relative.household_ref) == col(person.household_ref),
        )
        told = exists().where(
            col(OwnFile.user_id) == caller.id,
            col(OwnFile.person_id) == col(relative.id),
            or_(col(relative.id) == col(person.id), household),
        )
        return told | lives_with_own(caller.id, col(person.id))

    return Scoping(
        organisation=col(person.organisation),
        place=col(person.location_pcode),
        created_by=col(person.created_by),
        created_at=col(person.created_at),
        assigned=assigned,
        conditions={
            "request": has_open_request,
            "linked": referred(col(person.id), lingering=True),
            "bg": broken(col(person.id)),
            "ours": lambda _caller: true(),
        },
        anywhere=frozenset({"linked", "bg", "ours"}),
        closed=closed,
    )


SCOPING = scoping_of(Person)


class DocumentIndex(Table, table=True):
    """By what the number of a paper is found again while the number itself is sealed."""

    __tablename__ = "document_index"

    person_id: UUID = Field(primary_key=True)
    number_index: bytes = Field(primary_key=True, sa_type=LargeBinary, index=True)


class DocumentOut(BaseModel):
    type: Maskable[str]
    number: MaskedNumber


class PersonOut(Shown, shape="person"):
    """
    A person as the register knows them; `departed_on` is set when they left in a return.

    The date of birth is as it was told: `1990` stays `1990`, `born_between` says in the Gregorian
    calendar what a Hijri date may mean, and `minor` is null where nobody can know it.
    A registration that was found to be somebody's second is `merged_into` the one that goes on, and
    that one says who was `merged`: what is written of each stays with each.
    What the caller may not see is {"masked": true}, whether there is something or not.
    """

    id: UUID
    case_number: str
    external_id: Maskable[str]
    given_name: Maskable[str]
    father_name: Maskable[str | None]
    grandfather_name: Maskable[str | None]
    family_name: Maskable[str | None]
    sex: Maskable[Sex]
    birth_date: Maskable[str | None]
    birth_date_precision: Maskable[Precision]
    birth_date_calendar: Maskable[Calendar]
    born_between: Maskable[BornBetween | None]
    age: Maskable[int | None]
    age_to: Maskable[int | None]
    age_as_of: Maskable[date | None]
    minor: Maskable[bool | None]
    nationality: Maskable[str]
    population_category: Maskable[Category]
    phone: Maskable[str | None]
    documents: Maskable[list[DocumentOut]]
    location_pcode: Maskable[str]
    household_ref: Maskable[str | None]
    relationship_to_head: Maskable[str | None]
    registered_on: date
    consent: Maskable[ConsentIn | None]
    departed_on: Maskable[date | None]
    vulnerability_level: Maskable[Level | None]
    vulnerability_review_on: Maskable[date | None]
    status: Literal["registered", "departed", "merged"]
    merged_into: UUID | None
    merged: list[UUID]
    version: int


class PersonsOut(BaseModel):
    items: list[PersonOut]
    next_cursor: str | None
