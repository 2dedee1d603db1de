"""Who is here: registration's table of contents."""

from pathlib import Path

from fastapi import FastAPI

from chassis.app import Service, create_service
from chassis.background import every
from chassis.bus import EventBus
from chassis.inbox import Subscriptions
from chassis.issuer import KeySource
from chassis.settings import Settings
from chassis.unsealed import Unsealed
from contracts.returns import PersonDeparted
from contracts.tracking import PlacesChanged
from services.registration.assignments import api as assignments
from services.registration.consents import api as consents
from services.registration.consents import heartbeat
from services.registration.corrections import api as corrections
from services.registration.corrections.models import Correction
from services.registration.corrections.service import seal_corrections
from services.registration.duplicates import api as duplicates
from services.registration.duplicates.search import look_for_new
from services.registration.imports import api as imports
from services.registration.imports.service import KIND, import_persons
from services.registration.persons import api as persons
from services.registration.persons.handlers import mark_departed
from services.registration.persons.models import Person
from services.registration.persons.sealed import seal_persons
from services.registration.places.handlers import keep_places
from services.registration.sharing import api as sharing
from services.registration.tables import TABLES

LOOK_SECONDS = 1.0
"""How often doubles are looked for of people whom another process registered."""

SUBSCRIPTIONS: Subscriptions = {
    PlacesChanged: keep_places,
    PersonDeparted: mark_departed,
}

SERVICE = Service(
    name="registration",
    title="Masar registration",
    folder=Path(__file__).parent,
    tables=TABLES,
    routers=[
        persons.router,
        corrections.router,
        imports.router,
        consents.router,
        sharing.router,
        assignments.router,
        duplicates.router,
    ],
    subscriptions=SUBSCRIPTIONS,
    runners={KIND: import_persons},
    background=[
        every(heartbeat.INTERVAL.total_seconds() / 4, heartbeat.say, rung=False),
        every(LOOK_SECONDS, look_for_new),
    ],
    unsealed=[
        Unsealed(Person, "documents", seal_persons),
        Unsealed(Correction, "before", seal_corrections),
    ],
)


def create_app(
    settings: Settings | None = None, bus: EventBus | None = None, keys: KeySource | None = None
) -> FastAPI:
    return create_service(SERVICE, settings, bus, keys)
