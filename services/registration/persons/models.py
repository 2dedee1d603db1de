"""A person: as registered (PersonIn), as kept (Person), as shown (PersonOut)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ValidationInfo, field_validator
from pydantic import Field as Shape
from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint, and_, exists, or_, text, true
from sqlalchemy.orm import aliased
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from chassis.scoping import Clause, Scoping, Who, moment
from chassis.strict import Code, Pcode
from services.registration.assignments.models import Assignment
from services.registration.breakglass.models import broken
from services.registration.households.models import lives_with_own
from services.registration.ownfiles.models import OwnFile
from services.registration.persons import canonical, rules
from services.registration.persons.birth_models import BirthIn, BornBetween
from services.registration.persons.births import Calendar, Precision
from services.registration.persons.disability import Disability, DisabilityOut
from services.registration.persons.names import NamesIn, NoName
from services.registration.persons.papers import DocumentOut
from services.registration.persons.parts import (
    MOST_DOCUMENTS,
    MOST_LANGUAGES,
    Category,
    ConsentIn,
    ConsentTold,
    Document,
    Flag,
    Language,
    Nationality,
    Phone,
    PlaceOrCountry,
    Sex,
    Status,
    Untold,
)
from services.registration.referrals.models import referred
from services.registration.requests.models import SubjectRequest
from services.registration.tables import Table
from services.registration.vulnerability.instruments import Level


class PersonIn(NamesIn, BirthIn):
    """
    What is told when somebody is registered.

    Names are as the person bears them, in any script; only the given name is needed, because
    many people have one name, and not even that where `no_name_because` says why. `consent` is
    true, false or told in full; a person whose consent was not asked is registered too, because
    aid does not depend on it. Whose nationality is `XXA` is `stateless`, told or not.
    """

    external_id: Code
    sex: Sex
    nationality: Nationality
    stateless: Annotated[Flag | None, Shape(validate_default=True)] = None
    population_category: Category
    phone: Phone | None = None
    documents: list[Document] = Shape(default=[], max_length=MOST_DOCUMENTS)
    languages: list[Language] = Shape(default=[], max_length=MOST_LANGUAGES)
    location_pcode: Pcode
    place_before: PlaceOrCountry | None = None
    place_of_origin: PlaceOrCountry | None = None
    household_ref: Code | None = None
    relationship_to_head: Code | None = None
    disability: Disability | None = None
    registration_event_id: UUID | None = None
    consent: ConsentTold | None = None

    @field_validator("stateless")
    @classmethod
    def _as_the_nationality_says(cls, told: bool | None, beside: ValidationInfo) -> bool | None:
        return rules.stateless(beside.data.get("nationality"), told)

    def canonical(self, told: dict[str, Any] | None = None, *, stateless: bool = False) -> str:
        """
        What the registration says, in one form; `told` is its content where that is at hand.

        `stateless` says it of whom the nationality says so, as was once done where it was told.
        """
        values = told or self.model_dump()
        birth = self.birth()
        precision = {"birth_date_precision": birth.birth_date_precision}
        as_of = {"age_as_of": None} if birth.age_as_of in {None, self.registered_on} else {}
        ages = {"age": birth.age, "age_to": birth.age_to}
        follows = {"stateless": stateless or None} if self.nationality == rules.NO_STATE else {}
        return canonical.form_of(values | precision | ages | as_of | follows)


def _some(name: str, condition: str) -> Index:
    """Return an index of the few people for whom a condition holds."""
    return Index(name, "id", postgresql_where=text(condition), sqlite_where=text(condition))


class Person(Table, table=True):
    """
    A person in the register. Personal (S2 and S3): no column but the codes leaves in events.

    Phone, documents and disability are sealed (persons/sealed.py); an index finds an equal phone.
    """

    __table_args__ = (
        UniqueConstraint("organisation", "external_id"),
        Index(None, "organisation", "client_id", unique=True),
        # Each list begins after an id, among the rows of an organisation, an owner or a maker.
        Index(None, "organisation", "id"),
        Index(None, "case_owner", "id"),
        Index(None, "created_by", "id"),
        Index(None, "registration_event_id", "id"),
        _some("ix_person_enquiry", "is_enquiry"),
        # Whom nobody has been compared with yet, or not since they were corrected.
        _some("ix_person_not_matched", "matched_version < version"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_number: str = Field(unique=True)
    organisation: str
    external_id: str
    client_id: UUID | None = None
    """The id that a device had made for them while it was offline."""
    no_name_because: str | None = None
    given_name: str | None = None
    father_name: str | None = None
    grandfather_name: str | None = None
    family_name: str | None = None
    given_name_latin: str | None = None
    father_name_latin: str | None = None
    grandfather_name_latin: str | None = None
    family_name_latin: str | None = None
    other_names: list[str] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
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
    stateless: bool | None = None
    languages: list[str] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
    population_category: str
    phone: bytes | None = Field(default=None, sa_type=LargeBinary)
    phone_index: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)
    documents: bytes = Field(sa_type=LargeBinary)
    location_pcode: str = Field(index=True)
    place_before: str | None = None
    place_of_origin: str | None = None
    disability: bytes | None = Field(default=None, sa_type=LargeBinary)
    household_ref: str | None = None
    relationship_to_head: str | None = None
    registration_event_id: UUID | None = None
    registered_on: date
    consent: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    departed_on: date | None = None
    vulnerability_level: str | None = None
    vulnerability_review_on: date | None = Field(default=None, index=True)
    fingerprint: str
    is_enquiry: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    enquired_on: date | None = None
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


class PersonOut(Shown, shape="person"):
    """
    A person as the register knows them; `departed_on` is set when they left in a return.

    The date of birth is as it was told: `1990` stays `1990`, `born_between` says in the Gregorian
    calendar what a Hijri date may mean, and `minor` is null where nobody can know it.
    `with_disability` follows from the six answers, and is null where they cannot tell it.
    The `status` of who has only rung the hotline is `enquiry` until somebody completes it.
    A registration that was found to be somebody's second is `merged_into` the one that goes on, and
    that one says who was `merged`: what is written of each stays with each.
    What the caller may not see is {"masked": true}, whether there is something or not.
    """

    id: UUID
    case_number: str
    external_id: Maskable[str]
    no_name_because: Maskable[NoName | None]
    given_name: Maskable[str | None]
    father_name: Maskable[str | None]
    grandfather_name: Maskable[str | None]
    family_name: Maskable[str | None]
    given_name_latin: Maskable[str | None]
    father_name_latin: Maskable[str | None]
    grandfather_name_latin: Maskable[str | None]
    family_name_latin: Maskable[str | None]
    other_names: Maskable[list[str]]
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
    stateless: Maskable[bool | None]
    languages: Maskable[list[str]]
    population_category: Maskable[Category | Untold]
    phone: Maskable[str | None]
    documents: Maskable[list[DocumentOut]]
    location_pcode: Maskable[str]
    place_before: Maskable[str | None]
    place_of_origin: Maskable[str | None]
    disability: Maskable[DisabilityOut | None]
    with_disability: Maskable[bool | None]
    household_ref: Maskable[str | None]
    relationship_to_head: Maskable[str | None]
    registration_event_id: Maskable[UUID | None]
    registered_on: date
    enquired_on: Maskable[date | None]
    consent: Maskable[ConsentIn | None]
    departed_on: Maskable[date | None]
    vulnerability_level: Maskable[Level | None]
    vulnerability_review_on: Maskable[date | None]
    status: Status
    merged_into: UUID | None
    merged: list[UUID]
    version: int


class PersonsOut(BaseModel):
    items: list[PersonOut]
    next_cursor: str | None
