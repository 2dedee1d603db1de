"""A person: as registered (PersonIn), as kept (Person)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field as Shape
from pydantic import ValidationInfo, field_validator
from sqlalchemy import (
    JSON,
    Index,
    LargeBinary,
    Select,
    UniqueConstraint,
    and_,
    exists,
    or_,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Clause, Scoping, Who, moment
from chassis.strict import Code, Pcode
from services.registration.assignments.models import Assignment
from services.registration.breakglass.models import broken
from services.registration.households.models import HOUSEHOLD, Member
from services.registration.ownfiles.models import OwnFile
from services.registration.persons import canonical, rules
from services.registration.persons.birth_models import BirthIn
from services.registration.persons.births import Birth
from services.registration.persons.disability import Disability
from services.registration.persons.names import NamesIn
from services.registration.persons.parts import (
    MOST_DOCUMENTS,
    MOST_LANGUAGES,
    Category,
    ConsentTold,
    Document,
    Flag,
    Language,
    Nationality,
    OtherPhones,
    Phone,
    PlaceOrCountry,
    Sex,
)
from services.registration.referrals.models import referred
from services.registration.requests.models import SubjectRequest
from services.registration.tables import Table


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
    other_phones: OtherPhones = Shape(default=[])
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

    def canonical(
        self,
        told: dict[str, Any] | None = None,
        birth: Birth | None = None,
        *,
        stateless: bool = False,
    ) -> str:
        """
        What the registration says, in one form; its content and birth where they are at hand.

        `stateless` says it of whom the nationality says so, as was once done where it was told.
        """
        values = told or self.model_dump()
        birth = birth or self.birth()
        precision = {"birth_date_precision": birth.birth_date_precision}
        as_of = {"age_as_of": None} if birth.age_as_of in {None, self.registered_on} else {}
        ages = {"age": birth.age, "age_to": birth.age_to}
        form = values | precision | ages | as_of
        if self.nationality == rules.NO_STATE:
            form["stateless"] = stateless or None
        return canonical.form_of(form)


def _some(name: str, condition: str) -> Index:
    """Return an index of the few people for whom a condition holds."""
    return Index(name, "id", postgresql_where=text(condition), sqlite_where=text(condition))


def _where_told(column: str, *columns: str, unique: bool = False) -> Index:
    """
    Return an index of those of whom something is told that is told of few.

    A condition that the column has a value implies it, so those that look by it use the index.
    """
    told = text(f"{column} is not null")
    return Index(None, *columns, unique=unique, postgresql_where=told, sqlite_where=told)


class Person(Table, table=True):
    """
    A person in the register. Personal (S2 and S3): no column but the codes leaves in events.

    Phones, documents and disability are sealed (persons/sealed.py); indexes find equal phones.
    """

    __table_args__ = (
        UniqueConstraint("organisation", "external_id"),
        _where_told("client_id", "organisation", "client_id", unique=True),
        # Each list begins after an id, among the rows of an organisation, an owner or a maker.
        Index(None, "organisation", "id"),
        _where_told("case_owner", "case_owner", "id"),
        Index(None, "created_by", "id"),
        _where_told("registration_event_id", "registration_event_id", "id"),
        _where_told("vulnerability_review_on", "vulnerability_review_on"),
        _where_told("merged_into", "merged_into"),
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
    other_phones: bytes | None = Field(default=None, sa_type=LargeBinary)
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
    vulnerability_review_on: date | None = None
    fingerprint: str
    is_enquiry: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    enquired_on: date | None = None
    merged_into: UUID | None = None
    merged: list[str] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
    """The ids of the registrations that were found to be this person's too."""
    version: int = 1
    matched_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    case_owner: str | None = None


def own_registrations(user_id: str) -> Select[tuple[UUID]]:
    """
    Return the ids of those whose files are closed to a user, by whichever registration.

    It goes on from those that were told to what they are merged with, however many merges there
    are between. No row is asked about here, so a query finds them once and not for each row.
    """
    told, linked = aliased(Person), aliased(Person)
    first = select(col(told.id), col(told.merged_into)).where(
        col(OwnFile.user_id) == user_id, col(OwnFile.person_id) == col(told.id)
    )
    own = first.cte("own", recursive=True, nesting=True)
    further = select(col(linked.id), col(linked.merged_into)).where(
        or_(col(linked.merged_into) == own.c.id, col(linked.id) == own.c.merged_into)
    )
    own = own.union(further)
    return select(own.c.id)


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
        """
        Return whether the person, or somebody of their household, is the caller or theirs.

        So they are by whichever registration that was told, of those that are merged.
        """
        own = own_registrations(caller.id)
        relative, there, fellow = aliased(Person), aliased(Member), aliased(Member)
        number = tuple_(col(person.organisation), col(person.household_ref))
        of_theirs = select(col(relative.organisation), col(relative.household_ref)).where(
            col(relative.id).in_(own), col(relative.household_ref).is_not(None)
        )
        living_together = select(col(fellow.person_id)).where(
            col(there.person_id).in_(own),
            and_(col(there.until).is_(None), col(there.kind) == HOUSEHOLD),
            col(fellow.household_id) == col(there.household_id),
            col(fellow.until).is_(None),
        )
        # Who has no number is in no set of numbers: that has to be a no, and not unknown.
        in_their_number = and_(col(person.household_ref).is_not(None), number.in_(of_theirs))
        return in_their_number | col(person.id).in_(union_all(own, living_together))

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
