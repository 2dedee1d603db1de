"""What tracking counts beside rounds: one record of each kind, made by the tester."""

from datetime import date
from typing import Any
from uuid import UUID

from chassis.clock import now
from services.tracking.detections.models import Detection
from services.tracking.flowtables.models import FlowPublication
from services.tracking.incidents.models import Incident
from services.tracking.maritime.models import Operation
from services.tracking.publications.models import Publication
from services.tracking.surveys.models import Survey
from tests.authz.world import BUILDER, HERE, HOME, TESTER, World, organisation_of

MONTH = "2020-01"
DAY = "2026-01-01"
NOWHERE = str(UUID(int=0))
"""No site has this id, which is said to those only who may count at one."""
SURVEY: dict[str, Any] = {
    "external_id": "S1",
    "name": "A survey",
    "population": "Migrants on the way",
    "sampling": "systematic",
    "chosen": "Every tenth",
    "starts_on": DAY,
    "ends_on": DAY,
    "questions": [{"code": "q", "answers": ["a"]}],
}
COUNT = {"word": "rescued", "total": 3, "published_on": DAY, "source": "A source"}
BODIES: dict[str, Any] = {
    "POST /v1/tracking/detections/{detection_id}/acknowledgement": {"finding": "displacement"},
    "POST /v1/tracking/incidents/{incident_id}/estimates": {
        "population": "idp",
        "to_pcode": HERE,
        "individuals": 1,
        "published_on": DAY,
        "source": "A source",
    },
    "POST /v1/tracking/detention-centres/{site_id}/visits": {
        "visited_on": DAY,
        "organisations": ["iom"],
        "entry": "refused",
        "refusal": "security",
    },
    "POST /v1/tracking/maritime/operations/{operation_id}/counts": COUNT | {"reason": "A list"},
    "POST /v1/tracking/rounds/{number}/disagreements/explanations": {
        "pcode": HERE,
        "dimension": "total",
        "reason": "As it was told",
    },
    "POST /v1/tracking/rounds/{number}/publications": {"reason": "Counted twice before"},
    "POST /v1/tracking/publications/{publication_id}/approval": None,
    "POST /v1/tracking/publications/{publication_id}/refusal": None,
    "POST /v1/tracking/flow-publications": {"month": MONTH, "reason": "Late sheets"},
    "POST /v1/tracking/flow-publications/{publication_id}/approval": None,
    "POST /v1/tracking/flow-publications/{publication_id}/refusal": None,
}
NEW: dict[str, Any] = {
    "POST /v1/tracking/index-scores": {
        "index": "severity_score",
        "pcode": HERE,
        "round_number": 1,
        "answers": dict.fromkeys(("food", "water", "health", "shelter"), "severe"),
    },
    "POST /v1/tracking/detections/thresholds": {
        "population": "idp",
        "pcode": HERE,
        "individuals": 100,
    },
    "POST /v1/tracking/incidents": {
        "external_id": "I1",
        "name": "A storm",
        "cause": "storm",
        "occurred_on": DAY,
        "place_pcode": HERE,
    },
    "POST /v1/tracking/flows/entries": {"site_id": NOWHERE, "entries": [{}]},
    "POST /v1/tracking/flows/questionnaires": {
        "survey_id": NOWHERE,
        "site_id": NOWHERE,
        "sheets": [{}],
    },
    "POST /v1/tracking/flows/surveys": SURVEY,
    "POST /v1/tracking/flows/hours": {
        "site_id": NOWHERE,
        "watched": [{"day": DAY, "from_hour": 8, "to_hour": 12}],
    },
    "POST /v1/tracking/maritime/published": {"starts_on": DAY, "ends_on": DAY, "total": 0},
    "POST /v1/tracking/maritime/published/imports": (
        "period,returned_to_libya,dead,missing,note,source_url\n2016,1,,,,\n"
    ),
    "POST /v1/tracking/maritime/operations": {
        "external_id": "O1",
        "occurred_on": DAY,
        "authority": "navy",
        "place_pcode": HERE,
        "count": COUNT,
    },
}
PERIOD = {"since": DAY, "until": DAY}
QUERY: dict[str, dict[str, str]] = {
    "GET /v1/tracking/publications/{publication_id}/figures": {"level": "1"},
    "GET /v1/tracking/planning-figures": {"round_number": "9999"},
    "GET /v1/tracking/flows/tables": PERIOD | {"by": "day"},
    "GET /v1/tracking/flows/matrix": PERIOD,
    "GET /v1/tracking/flows/surveys/{survey_id}/results": {"question": "q"},
}
NOBODY_S = {"flow", "incident", "maritime_operation", "published_sea_total"}
NOBODY_S |= {"detection", "threshold", "detention_summary"}
NOBODY_S |= {"disagreement", "publication"}
NOBODY_S |= {"assessment_result", "index_score"}
AT_NO_PLACE = {"survey", "survey_result"}
LISTED = {"survey": "survey_id"}


async def add(world: World, situation: str) -> None:
    """Let there be a record of each kind, the same in every situation, and a survey of its own."""
    records = _records()
    plan = {name: value for name, value in SURVEY.items() if not name.endswith("_on")}
    survey = Survey(
        **plan | {"external_id": situation},
        starts_on=date.fromisoformat(DAY),
        ends_on=date.fromisoformat(DAY),
        organisation=organisation_of(situation),
        created_by=TESTER,
    )
    async with world.databases["tracking"].write() as session:
        session.add(survey)
        if situation == next(iter(world.ids)):
            session.add_all(records.values())
    world.ids[situation] |= {name: str(record.id) for name, record in records.items()}
    world.ids[situation]["survey_id"] = str(survey.id)


def _records() -> dict[str, Any]:
    incident = Incident(
        id=UUID(int=5),
        organisation=HOME,
        external_id="I0",
        name="A storm",
        cause="storm",
        occurred_on=date.fromisoformat(DAY),
        place_pcode=HERE,
        created_by=TESTER,
    )
    operation = Operation(
        id=UUID(int=6),
        organisation=HOME,
        external_id="O0",
        occurred_on=date.fromisoformat(DAY),
        zone=None,
        authority="navy",
        place_pcode=HERE,
        point=None,
        site_id=None,
        created_by=TESTER,
    )
    detection = Detection(
        id=UUID(int=7),
        population="idp",
        pcode=HERE,
        round_number=1,
        kind="threshold",
        value=100,
        high=100,
        rounds_compared=0,
    )
    publication = Publication(
        id=UUID(int=7),
        round_number=9999,
        population="migrant",
        vintage=1,
        status="published",
        round_version=1,
        individuals=0,
        k=10,
        dimensions=[],
        beside=[],
        cells=0,
        suppressed=0,
        drafted_by=BUILDER,
        decided_by=TESTER,
        decided_at=now(),
    )
    flows = FlowPublication(
        id=publication.id,
        month=MONTH,
        vintage=1,
        status="published",
        individuals=0,
        observed_hours=0,
        hours=0,
        k=20,
        beside=[],
        cells=0,
        suppressed=0,
        drafted_by=BUILDER,
        decided_by=TESTER,
        decided_at=now(),
    )
    return {
        "flow_publication_id": flows,
        "detection_id": detection,
        "incident_id": incident,
        "operation_id": operation,
        "publication_id": publication,
    }
