"""What registration tells the others."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class PersonRegistered(Event):
    """
    A person was registered, once, and may be assisted. Subject: the person's id.

    `consent` is what they answered about the mission's own assistance, none when not asked.
    """

    type: ClassVar[str] = "registration.person_registered.v1"

    person_id: UUID
    population_category: str
    location_pcode: str
    registered_on: date
    organisation: str | None = None
    registered_by: str | None = None
    case_owner: str | None = None
    consent: str | None = None


class PersonAssigned(Event):
    """A person's case came into a worker's hands too. Subject: the assignment's id."""

    type: ClassVar[str] = "registration.person_assigned.v1"

    assignment_id: UUID
    person_id: UUID
    worker_id: str


class PersonUnassigned(Event):
    """An assignment ended. Subject: the assignment's id."""

    type: ClassVar[str] = "registration.person_unassigned.v1"

    assignment_id: UUID
    person_id: UUID
    worker_id: str


class PersonCorrected(Event):
    """
    What the register says of a person was corrected. Subject: the person's id.

    `fields` names what changed; category and place are as they are at `version`, which is 1 when
    a person is registered and grows by one with each change of the record.
    """

    type: ClassVar[str] = "registration.person_corrected.v1"

    person_id: UUID
    version: int
    population_category: str
    location_pcode: str
    fields: list[str]


class PersonMerged(Event):
    """
    A registration was found to be somebody's second, or no more. Subject: its person's id.

    `merged_into` is the registration that goes on, none when the merge was undone; `version` is
    that of the record, and grows with each of the two.
    """

    type: ClassVar[str] = "registration.person_merged.v1"

    person_id: UUID
    merged_into: UUID | None
    version: int


class HouseholdChanged(Event):
    """
    A household or a group is another than before, in whatever way. Subject: its id.

    `member_ids` are those who count: who has departed does not, and who was registered twice does
    once. `composition` counts them by sex and by age (`0-4`, `5-17`, `18-59`, `60+`, `unknown`) on
    the day `counted_on`; what is not named is nobody. Changes in quick succession are told once.
    """

    type: ClassVar[str] = "registration.household_changed.v1"

    household_id: UUID
    version: int
    kind: str
    organisation: str
    location_pcode: str
    head_person_id: UUID | None
    collector_person_id: UUID | None
    alternate_person_id: UUID | None
    member_ids: list[UUID]
    size: int
    composition: dict[str, dict[str, int]]
    counted_on: date
    ended_on: date | None
    joined_into: UUID | None

    def people(self) -> set[UUID]:
        """Return everybody in it: once one is erased, a later version tells of the others."""
        receiving = {self.collector_person_id, self.alternate_person_id}
        return {each for each in receiving if each} | set(self.member_ids)


class ConsentChanged(Event):
    """
    A person agreed, refused or withdrew, for one recipient and purpose.

    Subject: person, recipient and purpose; `version` counts their answers about it, the first of
    which a registration may have told. Who has passed a record on stops, and says so to them.
    """

    type: ClassVar[str] = "registration.consent_changed.v1"

    person_id: UUID
    recipient: str
    purpose: str
    state: str
    version: int
    changed_at: datetime
    expires_on: date | None = None


class ConsentsTold(Event):
    """
    Every change of a consent until this instant was told. Subject: the word "consents".

    It is said every few seconds; who has not heard it for a while does not know who has withdrawn
    since, and shares nothing.
    """

    type: ClassVar[str] = "registration.consents_told.v1"

    until: datetime


class SharingAgreementChanged(Event):
    """An organisation and a recipient agreed on sharing, or ended it. Subject: the agreement."""

    type: ClassVar[str] = "registration.sharing_agreement_changed.v1"

    agreement_id: UUID
    organisation: str
    recipient: str
    purposes: list[str]
    starts_on: date
    ends_on: date
    version: int


class SharingExceptionChanged(Event):
    """
    Sharing without consent was allowed by two people for a time, or ended. Subject: the exception.

    `state` is `approved` or `ended`; what is only asked for is not told.
    """

    type: ClassVar[str] = "registration.sharing_exception_changed.v1"

    exception_id: UUID
    person_id: UUID
    recipient: str
    purpose: str
    state: str
    ends_on: date
    version: int


class ErasureRequested(Event):
    """
    A person is to be forgotten by every service, each of which answers. Subject: the erasure's id.

    It is told again, under a higher sequence, to those who have not answered.
    """

    type: ClassVar[str] = "registration.erasure_requested.v1"
    subjects: ClassVar[tuple[str, ...]] = ()

    erasure_id: UUID
    person_id: UUID


class ErasureCompleted(Event):
    """Every service has forgotten the person. Subject: the erasure's id."""

    type: ClassVar[str] = "registration.erasure_completed.v1"

    erasure_id: UUID


class SubjectRequestOpened(Event):
    """A person asked for their file; it may be gathered `until` then. Subject: the request's id."""

    type: ClassVar[str] = "registration.subject_request_opened.v1"

    request_id: UUID
    person_id: UUID
    until: datetime


class SubjectRequestClosed(Event):
    """A person's file may be gathered no more. Subject: the request's id."""

    type: ClassVar[str] = "registration.subject_request_closed.v1"

    request_id: UUID
    person_id: UUID


class GlassBroken(Event):
    """A user opened one person's file without a link to it. Subject: the breaking's id."""

    type: ClassVar[str] = "registration.glass_broken.v1"

    breaking_id: UUID
    person_id: UUID
    broken_by: str
    reason_code: str
    ends_at: datetime
    review_due_at: datetime


class AlertRaised(Event):
    """
    An account opened a planted person, whom nobody has a reason to open. Subject: the alert's id.

    Who that person is, only the data-protection officer is told.
    """

    type: ClassVar[str] = "registration.alert_raised.v1"

    alert_id: UUID
    account: str
    opened_at: datetime


class AccountFrozen(Event):
    """No service answers an account any more, because of an alert. Subject: the alert's id."""

    type: ClassVar[str] = "registration.account_frozen.v1"

    alert_id: UUID
    account: str
    frozen_at: datetime


class AccountReleased(Event):
    """The alert was harmless, and the account is let in again. Subject: the alert's id."""

    type: ClassVar[str] = "registration.account_released.v1"

    alert_id: UUID
    account: str
    released_at: datetime


class VulnerabilityChanged(Event):
    """
    A person is more or less vulnerable than was known. Subject: the person's id.

    The level alone is told, none when it is kept no more; what it rests on leaves registration in
    no event. `version` grows with each change.
    """

    type: ClassVar[str] = "registration.vulnerability_changed.v1"

    person_id: UUID
    vulnerability_level: str | None
    version: int


class ServiceReferralChanged(Event):
    """
    A person's referral to a service was sent, answered or ended. Subject: the referral's id.

    Which service was asked for is not told; `version` grows with each change.
    """

    type: ClassVar[str] = "registration.service_referral_changed.v1"

    referral_id: UUID
    person_id: UUID
    status: str
    version: int


class GlassReviewed(Event):
    """Somebody else reviewed why a file was opened. Subject: the breaking's id."""

    type: ClassVar[str] = "registration.glass_reviewed.v1"

    breaking_id: UUID
    broken_by: str
    finding: str
    reviewed_by: str
