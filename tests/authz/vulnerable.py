"""How vulnerable somebody is, what was asked for them, and how that is tried."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from chassis.clock import today
from services.registration.persons.models import Person
from services.registration.servicereferrals.models import ServiceReferral
from services.registration.vulnerability.models import Assessment
from tests.authz.world import BUILDER, ELSEWHERE, HERE, World, organisation_of

PERSONS = "/v1/registration/persons/{person_id}"
BODIES: dict[str, Any] = {
    # Not of one item is there an answer, and nothing is changed.
    f"POST {PERSONS}/vulnerability-assessments": {"instrument": "dmv-1", "answers": {"a": "b"}},
    f"PUT {PERSONS}/vulnerability": {
        "vulnerability_level": "low",
        "reason": "A reason.",
        # A run may go on after midnight.
        "next_review_on": (today() + timedelta(days=7)).isoformat(),
    },
    f"POST {PERSONS}/service-referrals": {
        "kind": "legal",
        "recipient": "mission",
        "urgency": "now",
    },
    **{
        f"POST /v1/registration/{side}-referrals/{{service_referral_id}}/{what}": body
        for side in ("service", "received")
        for what, body in (("answer", {"accepted": True}), ("closure", {"outcome": "helped"}))
    },
    "POST /v1/registration/service-referrals/{service_referral_id}/withdrawal": None,
}
LISTED = {
    "vulnerability": "person_id",
    "service_referral": "service_referral_id",
    "received_referral": "service_referral_id",
}


async def add(world: World, situation: str) -> None:
    """Let the person have been assessed, with a review that is due, and referred."""
    ids = world.ids[situation]
    person_id = UUID(ids["person_id"])
    assessment = Assessment(
        person_id=person_id,
        instrument="dmv-1",
        answers=b"",
        level="low",
        assessed_on=today(),
        next_review_on=today(),
        assessed_by=BUILDER,
    )
    ids["assessment_id"] = str(assessment.id)
    asked = ServiceReferral(
        person_id=person_id,
        organisation=organisation_of(situation),
        recipient="mission",
        receiver=organisation_of(situation),
        kind="legal",
        urgency="now",
        place_pcode=ELSEWHERE if situation == "other place" else HERE,
        due_on=today(),
        sent_by=BUILDER,
    )
    ids["service_referral_id"] = str(asked.id)
    async with world.databases["registration"].write() as session:
        session.add_all([assessment, asked])
        assessed = update(Person).where(col(Person.id) == person_id)
        await session.exec(assessed.values(vulnerability_review_on=today()))
