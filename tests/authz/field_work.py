"""What tracking knows, in each situation, and how its operations are tried."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.clock import now
from services.tracking.assessments.models import QuestionSet, Submission
from services.tracking.places.models import PlaceAlias
from services.tracking.sites.models import DETENTION, Site, SiteVersion
from tests.authz.world import BUILDER, ELSEWHERE, HERE, TESTER, World, organisation_of

IN_A_MANTIKA = {"place_pcode": HERE, "name_en": "A site"}
"""Refused as no muhalla, which is said to those only who may make one."""
RECORDED_WRONGLY = {"because": "recorded_wrongly", "authority": "Another"}
FORM = {
    "code": "F1",
    "title": "A form",
    "component": "B1",
    "questions": [{"name": "idps", "type": "integer"}],
}
NEW: dict[str, Any] = {
    "POST /v1/tracking/question-sets": FORM,
    "POST /v1/tracking/question-sets/forms": "this is no form",
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
BODIES: dict[str, Any] = {
    "POST /v1/tracking/question-sets/{set_id}/mappings": {"code": "M1", "pcode_column": "place"},
    "PATCH /v1/tracking/sites/{site_id}": RECORDED_WRONGLY,
    "PATCH /v1/tracking/detention-centres/{site_id}": RECORDED_WRONGLY,
}
LISTED = {"site": "site_id", DETENTION: "site_id", "assessment": "submission_id"}


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
    world.ids[situation] |= {"set_id": str(form.id), "submission_id": str(submission.id)}
    async with world.databases["tracking"].write() as session:
        session.add_all([alias, form])
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
