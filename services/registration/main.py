"""Who is here: registration's table of contents."""

from pathlib import Path

from fastapi import FastAPI

from chassis import leftover
from chassis.app import Service, create_service
from chassis.background import every, sweeping
from chassis.bus import EventBus
from chassis.inbox import Subscriptions
from chassis.issuer import KeySource
from chassis.settings import Settings
from chassis.unsealed import Unsealed
from contracts.assistance import EntitlementDelivered
from contracts.assistance import PersonErased as AssistanceErased
from contracts.assistance import ReadsDenied as AssistanceDenied
from contracts.returns import PersonDeparted
from contracts.returns import PersonErased as ReturnsErased
from contracts.returns import ReadsDenied as ReturnsDenied
from contracts.tracking import PersonErased as TrackingErased
from contracts.tracking import PlacesChanged
from services.registration.assignments import api as assignments
from services.registration.breakglass import api as breakglass
from services.registration.concerns import api as concerns
from services.registration.consents import api as consents
from services.registration.consents import heartbeat
from services.registration.corrections import api as corrections
from services.registration.corrections.models import Correction
from services.registration.corrections.service import seal_corrections
from services.registration.devices import api as devices
from services.registration.devices import feeds
from services.registration.duplicates import api as duplicates
from services.registration.duplicates.rescans import KIND as RESCAN
from services.registration.duplicates.rescans import rescan
from services.registration.duplicates.search import LOOK_SECONDS, look_for_new
from services.registration.enquiries import api as enquiries
from services.registration.erasures import api as erasures
from services.registration.erasures.handlers import note_assistance, note_returns, note_tracking
from services.registration.erasures.service import FORGETTING, tell_again
from services.registration.exports import api as exports
from services.registration.exports import background as exporting
from services.registration.exports.service import KIND as EXPORT
from services.registration.files import api as files
from services.registration.histories import api as histories
from services.registration.holds import api as holds
from services.registration.honey import api as honey
from services.registration.honey import watch
from services.registration.honey.handlers import count_denied_elsewhere
from services.registration.households import api as households
from services.registration.households import telling
from services.registration.imports import api as imports
from services.registration.imports.service import KIND, import_persons
from services.registration.intake import api as intake
from services.registration.mappings import api as mappings
from services.registration.mergeproposals import api as mergeproposals
from services.registration.merges import api as merges
from services.registration.notes import api as notes
from services.registration.occasions import api as occasions
from services.registration.ownfiles import api as ownfiles
from services.registration.persons import api as persons
from services.registration.persons.handlers import mark_departed
from services.registration.persons.models import Person
from services.registration.persons.sealed import seal_persons
from services.registration.places.models import GAZETTEER
from services.registration.readings import api as readings
from services.registration.referrals import api as referrals
from services.registration.requests import api as requests
from services.registration.retention import api as retention
from services.registration.retention.handlers import note_service
from services.registration.retention.service import KIND as RETENTION
from services.registration.retention.service import erase_due, run_daily
from services.registration.scans import api as scans
from services.registration.servicereferrals import api as servicereferrals
from services.registration.sharing import api as sharing
from services.registration.tables import TABLES
from services.registration.vulnerability import api as vulnerability

RETENTION_SECONDS = 3600.0
"""How often it is looked whether the day's retention run has begun."""
TELL_SECONDS = 60.0
"""How often it is looked whether a service has been silent about an erasure for too long."""

SUBSCRIPTIONS: Subscriptions = {
    PlacesChanged: GAZETTEER.keep,
    PersonDeparted: mark_departed,
    EntitlementDelivered: note_service,
    AssistanceErased: note_assistance,
    ReturnsErased: note_returns,
    TrackingErased: note_tracking,
    AssistanceDenied: count_denied_elsewhere,
    ReturnsDenied: count_denied_elsewhere,
}

SERVICE = Service(
    name="registration",
    title="Masar registration",
    folder=Path(__file__).parent,
    tables=TABLES,
    routers=[
        persons.router,
        corrections.router,
        histories.router,
        scans.router,
        occasions.router,
        enquiries.router,
        devices.router,
        readings.router,
        households.router,
        imports.router,
        mappings.router,
        intake.router,
        intake.doors,
        exports.router,
        consents.router,
        sharing.router,
        assignments.router,
        duplicates.router,
        merges.router,
        mergeproposals.router,
        erasures.router,
        holds.router,
        requests.router,
        retention.router,
        files.router,
        referrals.router,
        servicereferrals.router,
        notes.router,
        vulnerability.router,
        concerns.router,
        breakglass.router,
        honey.router,
        ownfiles.router,
    ],
    subscriptions=SUBSCRIPTIONS,
    runners={RETENTION: erase_due, KIND: import_persons, EXPORT: exporting.make, RESCAN: rescan},
    unsealed=[
        Unsealed(Person, "documents", seal_persons),
        Unsealed(Correction, "before", seal_corrections),
    ],
    background=[
        every(heartbeat.INTERVAL.total_seconds() / 4, heartbeat.say, rung=False),
        every(LOOK_SECONDS, look_for_new, rung=False, of_news=True),
        every(telling.SECONDS, telling.tell_changed, rung=False, of_news=True),
        every(watch.SECONDS, watch.look, rung=False, of_news=True),
        sweeping(TELL_SECONDS, tell_again),
        sweeping(RETENTION_SECONDS, run_daily),
        sweeping(exporting.SECONDS, exporting.end_overdue),
        sweeping(feeds.SECONDS, feeds.forget),
        sweeping(leftover.SECONDS, leftover.forget),
    ],
    forgetting=FORGETTING,
)


def create_app(
    settings: Settings | None = None, bus: EventBus | None = None, keys: KeySource | None = None
) -> FastAPI:
    return create_service(SERVICE, settings, bus, keys)
