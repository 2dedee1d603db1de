"""What tracking knows, in each situation, and how its operations are tried."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis import crypto
from chassis.clock import new_id, now, today
from services.tracking.assessments.models import QuestionSet, Submission
from services.tracking.collecting.models import RoundCollection
from services.tracking.informants.models import KeyInformant
from services.tracking.places.models import PlaceAlias
from services.tracking.sites.models import DETENTION, Site, SiteVersion
from services.tracking.triangulation.models import Estimate
from tests.authz.world import (
    BUILDER,
    ELSEWHERE,
    HERE,
    HOLDS,
    TESTER,
    World,
    organisation_of,
)

IN_A_MANTIKA = {"place_pcode": HERE, "name_en": "A site"}
"""Refused as no muhalla, which is said to those only who may make one."""
RECORDED_WRONGLY = {"because": "recorded_wrongly", "authority": "Another"}
FORM = {
    "code": "F1",
    "title": "A form",
    "component": "B1",
    "questions": [{"name": "idps", "type": "integer"}],
}
FIGURE: dict[str, Any] = {
    "round_number": 9999,
    "population": "idp",
    "place_pcode": HERE,
    "value": 1,
}
NEW: dict[str, Any] = {
    "POST /v1/tracking/informants": {
        "role": "other",
        "sex": "female",
        "place_pcode": HERE,
        "name": "Somebody",
    },
    "POST /v1/tracking/estimates": FIGURE
    | {"source": "direct_observation", "told_on": "2026-01-01"},
    "POST /v1/tracking/triangulations": FIGURE
    | {"round_number": 9, "method": "median", "reason": "Because."},
    "POST /v1/tracking/rounds/{number}/compilations": {"population": "idp"},
    "POST /v1/tracking/collections": {
        "round_number": 9999,
        "population": "idp",
        "starts_on": "2026-01-01",
        "ends_on": "2026-02-01",
        "assessments": ["B1"],
    },
    "POST /v1/tracking/question-sets": FORM,
    "POST /v1/tracking/question-sets/forms": "this is no form",
    "POST /v1/tracking/question-sets/proposals": "this is no table",
    "POST /v1/tracking/submissions/imports": "place,idps\n",
    "POST /v1/tracking/submissions": {
        "question_set_id": str(UUID(int=0)),
        "external_id": "S1",
        "place_pcode": HERE,
        "collected_on": "2026-01-01",
        "answers": {},
    },
    "POST /v1/tracking/places/{pcode}/aliases": {"name": "Another name"},
    "POST /v1/tracking/sites": IN_A_MANTIKA | {"kind": "camp"},
    "POST /v1/tracking/detention-centres": IN_A_MANTIKA,
}
NOBODY_S = {"triangulation", "collection"}
BODIES: dict[str, Any] = {
    "PATCH /v1/tracking/informants/{informant_id}": {"reliability": "low"},
    "PATCH /v1/tracking/collections/{collection_id}": {"ends_on": "2026-03-01"},
    "POST /v1/tracking/question-sets/{set_id}/mappings": {"code": "M1", "pcode_column": "place"},
    "PATCH /v1/tracking/sites/{site_id}": RECORDED_WRONGLY,
    "PATCH /v1/tracking/detention-centres/{site_id}": RECORDED_WRONGLY,
}
LISTED = {"site": "site_id", DETENTION: "site_id", "assessment": "submission_id"}
LISTED |= {"key_informant": "informant_id", "estimate": "estimate_id"}


def site_at(path: str) -> str:
    """Return by which name the world knows the site that a path is about."""
    return DETENTION if "/detention-centres" in path else "site"


def _form(situation: str) -> QuestionSet:
    content = {"questions": FORM["questions"]}
    return QuestionSet(
        code=situation,
        version=1,
        title="A form",
        component="B1",
        content=content,
        created_by=BUILDER,
    )


async def add(world: World, situation: str) -> None:
    """Let there be a camp, a detention centre, another name of a place, and an assessment."""
    alias = PlaceAlias(pcode=HERE, name=situation, added_by=BUILDER)
    world.ids[situation]["alias_id"] = str(alias.id)
    form = _form(situation)
    submission = Submission(
        question_set_id=form.id,
        external_id="S0",
        place_pcode=ELSEWHERE if situation == "other place" else HERE,
        answers={"idps": 1},
        organisation=organisation_of(situation),
        created_by=TESTER if situation.startswith("own") else BUILDER,
    )
    key = FIGURE | {"dimension": "total", "category": ""}
    key["place_pcode"] = submission.place_pcode
    estimate = Estimate(
        **key,
        source="direct_observation",
        reliability="high",
        organisation=submission.organisation,
        created_by=submission.created_by,
    )
    collection = RoundCollection(
        round_number=1 + list(HOLDS).index(situation),
        population="returnee",
        starts_on=today(),
        ends_on=today(),
        assessments=["B1"],
        created_by=BUILDER,
    )
    world.ids[situation] |= {
        "estimate_id": str(estimate.id),
        "collection_id": str(collection.id),
    }
    world.ids[situation] |= {"set_id": str(form.id), "submission_id": str(submission.id)}
    async with world.databases["tracking"].write() as session:
        session.add_all([alias, form, estimate, collection])
        await session.flush()
        session.add(submission)
        for name, kind in (("site", "camp"), (DETENTION, DETENTION)):
            site = Site(
                kind=kind,
                place_pcode=ELSEWHERE if situation == "other place" else HERE,
                name_en="A site",
                organisation=organisation_of(situation),
                created_by=TESTER if situation.startswith("own") else BUILDER,
                created_at=now() - timedelta(days=2 if "two days" in situation else 0),
            )
            world.ids[situation][name] = str(site.id)
            session.add(site)
            await session.flush()
            session.add(SiteVersion(**site.model_dump(), because="happened", recorded_by=BUILDER))
    world.ids[situation]["informant_id"] = await informant(world, situation)


async def informant(world: World, situation: str) -> str:
    """Let there be an informant: another role that has tried may have forgotten the one before."""
    if situation == "erased" and "informant_id" in world.ids[situation]:
        return str(new_id())
    database = world.databases["tracking"]
    async with database.write() as session:
        found = KeyInformant(
            role="other",
            sex="female",
            place_pcode=ELSEWHERE if situation == "other place" else HERE,
            reliability="high",
            may_be_called=False,
            contact=b"",
            organisation=organisation_of(situation),
            created_by=TESTER if situation.startswith("own") else BUILDER,
        )
        key = (await crypto.subject_keys(session, [found.id], create=True))[found.id]
        contact = '{"name": "Somebody", "phone": null}'
        found.contact = key.seal("key_informant", "contact", contact, row=found.id)
        session.add(found)
        return str(found.id)
