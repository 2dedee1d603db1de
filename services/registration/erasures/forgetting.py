"""What registration keeps of a person, table by table, and what becomes of it in an erasure."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.erasure import DELETED, unlinked
from services.registration.assignments.models import Assignment
from services.registration.breakglass.models import Breaking
from services.registration.concerns.models import Concern
from services.registration.consents.models import Consent
from services.registration.corrections.models import Correction
from services.registration.duplicates.models import DuplicatePair, MatchingKey
from services.registration.exports.models import ExportedPerson
from services.registration.holds.models import Hold
from services.registration.honey.models import Alert, HoneyRecord
from services.registration.households.models import Household, Member
from services.registration.intake.models import SubmittedPerson
from services.registration.mergeproposals.models import MergeDismissal, MergeProposal
from services.registration.merges.models import Merge
from services.registration.notes.models import Note, NoteVersion
from services.registration.ownfiles.models import OwnFile
from services.registration.persons.models import Person
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.phones import OtherPhoneIndex
from services.registration.persons.service import external_mark
from services.registration.referrals.models import Referral
from services.registration.requests.models import SubjectRequest
from services.registration.retention.models import LastService
from services.registration.scans.models import DocumentScan
from services.registration.searches.models import NameKey
from services.registration.servicereferrals.models import ServiceReferral
from services.registration.sharing.models import SharingException
from services.registration.vulnerability.models import Assessment as VulnerabilityAssessment
from services.registration.vulnerability.models import LevelChange

ROWS = (
    (Correction.person_id, DELETED),
    (Consent.guardian_person_id, unlinked()),
    (Consent.person_id, DELETED),
    (SharingException.person_id, DELETED),
    (MatchingKey.person_id, DELETED),
    (NameKey.person_id, DELETED),
    (DuplicatePair.left_id, DELETED),
    (DuplicatePair.right_id, DELETED),
    (Assignment.person_id, DELETED),
    (Hold.person_id, unlinked()),
    (SubjectRequest.person_id, unlinked()),
    (LastService.person_id, DELETED),
    (DocumentIndex.person_id, DELETED),
    (OtherPhoneIndex.person_id, DELETED),
    (DocumentScan.person_id, DELETED),
    (OwnFile.person_id, DELETED),
    (ExportedPerson.person_id, DELETED),
    (NoteVersion.person_id, DELETED),
    (Note.person_id, DELETED),
    (LevelChange.person_id, DELETED),
    (VulnerabilityAssessment.person_id, DELETED),
    (Concern.person_id, DELETED),
    (Referral.person_id, DELETED),
    (ServiceReferral.person_id, DELETED),
    (Breaking.person_id, unlinked(explanation=b"", remark=None)),
    (MergeProposal.left_id, DELETED),
    (MergeProposal.right_id, DELETED),
    (MergeDismissal.left_id, DELETED),
    (MergeDismissal.right_id, DELETED),
    (Merge.kept_id, DELETED),
    (Merge.merged_id, DELETED),
    (SubmittedPerson.person_id, DELETED),
    (Person.merged_into, unlinked()),
    (Member.person_id, DELETED),
    (Household.collector_person_id, unlinked()),
    (Household.alternate_person_id, unlinked()),
    (HoneyRecord.person_id, DELETED),
    (Alert.person_id, unlinked()),
    (Person.id, DELETED),
)


async def marks(session: AsyncSession, person_id: UUID) -> Sequence[str]:
    """Return by what an old register would bring the person back: their number with its maker."""
    person = await session.get(Person, person_id)
    return [external_mark(session, person.organisation, person.external_id)] if person else []


async def organisation_of(session: AsyncSession, person_id: UUID) -> str:
    """Return whose record a person is, or was, when nothing is left of it but what is linked."""
    person = await session.get(Person, person_id)
    return person.organisation if person else ""
