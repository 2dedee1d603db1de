"""Who receives what: assistance's table of contents."""

from pathlib import Path

from fastapi import FastAPI

from chassis import subject_file
from chassis.app import Service, create_service
from chassis.bus import EventBus
from chassis.denials import telling
from chassis.inbox import Several, Subscriptions
from chassis.issuer import KeySource
from chassis.settings import Settings
from chassis.sharing import sender
from chassis.sharing.copies import subscriptions
from contracts.assistance import ReadsDenied
from contracts.registration import (
    ErasureRequested,
    HouseholdChanged,
    PersonAssigned,
    PersonCorrected,
    PersonMerged,
    PersonRegistered,
    PersonUnassigned,
)
from contracts.returns import PersonDeparted
from contracts.tracking import PlacesChanged
from services.assistance.distributions import api as distributions
from services.assistance.entitlements import api as entitlements
from services.assistance.entitlements.service import entitle_people
from services.assistance.erasures.handlers import FORGETTING, forget_person
from services.assistance.files import api as files
from services.assistance.households.handlers import follow_household
from services.assistance.people import api as people
from services.assistance.people.handlers import (
    close_for_departed,
    entitle_new_people,
    follow_correction,
    follow_merge,
    forget_assignment,
    remember_assignment,
)
from services.assistance.people.models import FileRequest
from services.assistance.places.models import GAZETTEER
from services.assistance.programmes import api as programmes
from services.assistance.programmes.service import KIND
from services.assistance.shares import api as shares
from services.assistance.shares.service import KIND as SHARE_LIST
from services.assistance.shares.service import SHARING, share_list
from services.assistance.tables import TABLES, DenialPosition

SUBSCRIPTIONS: Subscriptions = {
    PlacesChanged: GAZETTEER.keep,
    PersonRegistered: Several(entitle_new_people),
    PersonCorrected: follow_correction,
    PersonMerged: follow_merge,
    HouseholdChanged: follow_household,
    PersonAssigned: remember_assignment,
    PersonUnassigned: forget_assignment,
    PersonDeparted: close_for_departed,
    **subscriptions(SHARING),
    ErasureRequested: forget_person,
    **subject_file.subscriptions(FileRequest),
}

SERVICE = Service(
    name="assistance",
    title="Masar assistance",
    folder=Path(__file__).parent,
    tables=TABLES,
    routers=[
        programmes.router,
        entitlements.router,
        distributions.router,
        people.router,
        files.router,
        *shares.routers,
    ],
    subscriptions=SUBSCRIPTIONS,
    runners={KIND: entitle_people, SHARE_LIST: share_list},
    background=[sender(SHARING), telling(ReadsDenied, DenialPosition)],
    forgetting=FORGETTING,
)


def create_app(
    settings: Settings | None = None, bus: EventBus | None = None, keys: KeySource | None = None
) -> FastAPI:
    return create_service(SERVICE, settings, bus, keys)
