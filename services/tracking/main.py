"""Where people are: tracking's table of contents."""

from pathlib import Path

from fastapi import FastAPI

from chassis.app import Service, create_service
from chassis.bus import EventBus
from chassis.db import Database
from chassis.inbox import Subscriptions
from chassis.issuer import KeySource
from chassis.settings import Settings
from contracts.registration import ErasureRequested
from services.tracking.assessments import api as assessments
from services.tracking.assessments import imports as submission_imports
from services.tracking.collecting import api as collecting
from services.tracking.compiling import api as compiling
from services.tracking.consistency import api as consistency
from services.tracking.detections import api as detections
from services.tracking.detention import api as detention
from services.tracking.displacement import api as displacement
from services.tracking.erasures.handlers import FORGETTING, forget_person
from services.tracking.flows import api as flows
from services.tracking.flowtables import api as flow_publications
from services.tracking.flowtables import public as public_flows
from services.tracking.incidents import api as incidents
from services.tracking.indices import api as indices
from services.tracking.informants import api as informants
from services.tracking.maritime import api as maritime
from services.tracking.needs import api as needs
from services.tracking.places import api as places
from services.tracking.places import imports as place_imports
from services.tracking.places.service import seed
from services.tracking.publications import api as publications
from services.tracking.publications import drafting, public
from services.tracking.rounds import api as rounds
from services.tracking.rounds import imports as round_imports
from services.tracking.rounds import sums
from services.tracking.seatotals import api as sea_totals
from services.tracking.seatotals import imports as sea_total_imports
from services.tracking.series import api as series
from services.tracking.series import imports as series_imports
from services.tracking.sites import api as sites
from services.tracking.surveys import api as surveys
from services.tracking.tables import TABLES
from services.tracking.triangulation import api as triangulation

SUBSCRIPTIONS: Subscriptions = {ErasureRequested: forget_person}


async def _prepare(database: Database) -> None:
    await seed(database)
    await sums.keep_missing(database)


SERVICE = Service(
    name="tracking",
    title="Masar tracking",
    folder=Path(__file__).parent,
    tables=TABLES,
    routers=[
        places.router,
        sites.sites,
        sites.detention_centres,
        assessments.question_sets,
        assessments.submissions,
        informants.router,
        triangulation.estimates,
        triangulation.triangulations,
        collecting.router,
        collecting.of_rounds,
        rounds.router,
        needs.router,
        compiling.router,
        consistency.router,
        publications.router,
        public.router,
        incidents.router,
        series.router,
        series.across,
        displacement.router,
        detections.router,
        indices.router,
        maritime.router,
        sea_totals.router,
        flows.router,
        flow_publications.router,
        public_flows.router,
        surveys.router,
        detention.router,
    ],
    subscriptions=SUBSCRIPTIONS,
    forgetting=FORGETTING,
    runners={
        place_imports.KIND: place_imports.import_places,
        submission_imports.KIND: submission_imports.import_submissions,
        round_imports.KIND: round_imports.import_round,
        drafting.KIND: drafting.draft_publication,
        series_imports.KIND: series_imports.import_series,
        sea_total_imports.KIND: sea_total_imports.import_totals,
    },
    prepare=_prepare,
)


def create_app(
    settings: Settings | None = None, bus: EventBus | None = None, keys: KeySource | None = None
) -> FastAPI:
    return create_service(SERVICE, settings, bus, keys)
