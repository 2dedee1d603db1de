"""What hangs on a person by need to know, in each situation, and how its operations are tried."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.clock import new_id, now
from services.registration.breakglass.models import Breaking
from services.registration.concerns.models import Concern
from services.registration.honey.models import Alert, HoneyRecord
from services.registration.intake.models import IntakeForm, Submission
from services.registration.mappings.models import Mapping, MappingVersion
from services.registration.notes.models import Note, NoteVersion
from services.registration.ownfiles.models import OwnFile
from services.registration.referrals.models import Referral
from services.registration.scans.models import DocumentScan
from tests.authz import vulnerable
from tests.authz.administration import unique
from tests.authz.world import (
    BUILDER,
    ELSEWHERE,
    GLASS_BROKEN,
    HERE,
    TESTER,
    World,
    organisation_of,
)

PERSONS = "/v1/registration/persons/{person_id}"
BODIES: dict[str, Any] = {
    **vulnerable.BODIES,
    f"POST {PERSONS}/referrals": {"service": "medical", "worker_id": "somebody-else"},
    "POST /v1/registration/referrals/{referral_id}/closure": None,
    f"POST {PERSONS}/medical-notes": {"text": "A note."},
    f"PUT {PERSONS}/medical-notes/{{note_id}}": {"text": "Another note."},
    f"POST {PERSONS}/protection-notes": {"text": "A note."},
    f"PUT {PERSONS}/protection-notes/{{note_id}}": {"text": "Another note."},
    "POST /v1/registration/concerns": lambda ids: {
        "person_id": ids["person_id"],
        "category": "threat",
        "urgency": "now",
        "text": "A concern.",
    },
    # Neither says all that is needed: who gets so far has passed, and nothing changes for others.
    "POST /v1/registration/concerns/{concern_id}/triage": {"outcome": "passed_on"},
    "POST /v1/registration/break-glass": lambda ids: {"person_id": ids["person_id"]},
    "POST /v1/registration/break-glass/{breaking_id}/co-signature": None,
    "POST /v1/registration/break-glass/{breaking_id}/review": {
        "finding": "justified",
        "remark": "It was.",
    },
    "POST /v1/registration/alerts/{alert_id}/review": {"finding": "misuse"},
    "POST /v1/registration/own-files": lambda ids: {
        "user_id": "somebody-else",
        "person_id": ids["person_id"],
        "relation": "self",
    },
}
MAPPING: dict[str, Any] = {
    "name": "Lists of the municipality",
    "columns": [{"column": "name", "field": "given_name"}],
    "constants": {
        "sex": "unknown",
        "birth_date_precision": "unknown",
        "nationality": "SDN",
        "population_category": "migrant",
        "location_pcode": HERE,
    },
    "repeat": None,
}
BODIES["PUT /v1/registration/mappings/{mapping_id}"] = MAPPING
BODIES["POST /v1/registration/forms"] = lambda ids: {
    "name": "A form",
    "source": "kobo",
    "mapping_id": ids["mapping_id"],
}
BODIES["POST /v1/registration/forms/{form_id}/secret"] = None
NEW: dict[str, Any] = {
    "POST /v1/registration/mappings/proposals": "name,sex\n",
    "POST /v1/registration/mappings": lambda: MAPPING | {"name": unique("mapping")},
}
SCANS = f"{PERSONS}/document-scans"
BODIES[f"POST {SCANS}"] = "this is no scan"
QUERY = {f"POST {SCANS}": {"document_type": "passport"}}
LISTED = {
    **vulnerable.LISTED,
    "mapping": "mapping_id",
    "intake_form": "form_id",
    "submission": "sent_id",
    "honey_record": "honey_id",
    "alert": "alert_id",
    "concern": "concern_id",
    "breaking": "breaking_id",
    "own_file": "own_file_id",
}


async def add(world: World, situation: str) -> None:
    """Let there be notes, a referral to a third, a concern, a closed file, and a broken glass."""
    ids = world.ids[situation]
    person_id = UUID(ids["person_id"])
    place: dict[str, Any] = {
        "organisation": organisation_of(situation),
        "location_pcode": ELSEWHERE if situation == "other place" else HERE,
    }
    concern = Concern(person_id=person_id, content=b"", written_by=BUILDER, **place)
    referral = Referral(
        person_id=person_id, service="medical", worker_id="a-third", opened_by=BUILDER
    )
    is_broken = situation == GLASS_BROKEN
    breaking = Breaking(
        person_id=person_id,
        broken_by=TESTER if is_broken or situation.startswith("own") else BUILDER,
        roles="medical_staff",
        reason_code="medical_emergency",
        explanation=b"",
        ends_at=now() + timedelta(hours=1 if is_broken else -1),
        due_at=now() + timedelta(days=3),
        cosigned_at=now(),
        cosigned_by=BUILDER,
        **place,
    )
    honey = HoneyRecord(
        person_id=person_id,
        subject_hash=person_id.bytes,
        external_id="H",
        planted_by=BUILDER,
        **place,
    )
    alert = Alert(
        person_id=person_id,
        account=BUILDER,
        account_organisation=organisation_of(situation),
        roles="case_worker",
        action="read",
        resource="person",
        opened_at=now(),
        last_opened_at=now(),
        **place,
    )
    mapping = Mapping(organisation=organisation_of(situation), name=situation, created_by=BUILDER)
    kept = MappingVersion(mapping_id=mapping.id, version=1, content=MAPPING, made_by=BUILDER)
    form = IntakeForm(
        organisation=mapping.organisation,
        name="A form",
        source="kobo",
        mapping_id=mapping.id,
        places=["LY"],
        secret_hash="",
        created_by=BUILDER,
    )
    submission = Submission(
        form_id=form.id,
        organisation=mapping.organisation,
        uuid=situation,
        instance=situation,
        status="rejected",
        reasons=[],
        fingerprint="",
    )
    ids["mapping_id"], ids["form_id"] = str(mapping.id), str(form.id)
    ids["sent_id"] = str(submission.id)
    async with world.databases["registration"].write() as session:
        session.add(mapping)
        await session.flush()
        session.add_all([kept, form])
        await session.flush()
        session.add(submission)
        session.add_all([concern, referral, breaking, honey, alert])
        for kind in ("medical", "protection"):
            note = Note(person_id=person_id, kind=kind, written_by=BUILDER)
            session.add(note)
            await session.flush()
            session.add(
                NoteVersion(
                    note_id=note.id, version=1, person_id=person_id, text=b"", written_by=BUILDER
                )
            )
            ids[f"{kind} note"] = str(note.id)
    ids["concern_id"] = str(concern.id)
    ids["referral_id"] = str(referral.id)
    ids["breaking_id"] = str(breaking.id)
    ids["honey_id"], ids["alert_id"] = str(honey.id), str(alert.id)
    ids["own_file_id"] = await closed_file(world, situation)
    await vulnerable.add(world, situation)


async def scan(world: World, situation: str) -> str:
    """Let there be a scan of the person's passport: another role may have taken one away."""
    if situation == "erased":
        return str(new_id())
    kept = DocumentScan(
        person_id=UUID(world.ids[situation]["person_id"]),
        document_type="passport",
        media_type="image/png",
        size=0,
        content=b"",
        added_by=BUILDER,
    )
    async with world.databases["registration"].write() as session:
        session.add(kept)
    return str(kept.id)


async def closed_file(world: World, situation: str) -> str:
    """Close the person's file to somebody new, so that there is one to be opened again."""
    if situation == "erased" and "own_file_id" in world.ids[situation]:
        return str(new_id())
    own_file = OwnFile(
        user_id=f"third-{new_id()}",
        person_id=UUID(world.ids[situation]["person_id"]),
        relation="self",
        organisation=organisation_of(situation),
        location_pcode=ELSEWHERE if situation == "other place" else HERE,
        flagged_by=BUILDER,
    )
    async with world.databases["registration"].write() as session:
        session.add(own_file)
    return str(own_file.id)
