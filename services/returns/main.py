"""Who goes home, and how: returns' table of contents."""

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
from chassis.unsealed import Unsealed
from contracts.registration import (
    ErasureRequested,
    PersonAssigned,
    PersonCorrected,
    PersonMerged,
    PersonRegistered,
    PersonUnassigned,
    VulnerabilityChanged,
)
from contracts.returns import ReadsDenied
from services.returns.cases import api as cases
from services.returns.cases.models import Case
from services.returns.cases.sealed import seal_cases
from services.returns.erasures.handlers import FORGETTING, forget_person
from services.returns.files import api as files
from services.returns.people import api as people
from services.returns.people.handlers import (
    follow_correction,
    follow_merge,
    follow_vulnerability,
    forget_assignment,
    remember_assignment,
    remember_people,
)
from services.returns.people.models import FileRequest
from services.returns.shares import api as shares
from services.returns.shares.service import SHARING
from services.returns.tables import TABLES, DenialPosition

SUBSCRIPTIONS: Subscriptions = {
    PersonRegistered: Several(remember_people),
    PersonCorrected: follow_correction,
    PersonMerged: follow_merge,
    PersonAssigned: remember_assignment,
    PersonUnassigned: forget_assignment,
    VulnerabilityChanged: follow_vulnerability,
    **subscriptions(SHARING),
    ErasureRequested: forget_person,
    **subject_file.subscriptions(FileRequest),
}

SERVICE = Service(
    name="returns",
    title="Masar returns",
    folder=Path(__file__).parent,
    tables=TABLES,
    routers=[cases.router, people.router, files.router, *shares.routers],
    subscriptions=SUBSCRIPTIONS,
    unsealed=[Unsealed(Case, "steps", seal_cases)],
    background=[sender(SHARING), telling(ReadsDenied, DenialPosition)],
    forgetting=FORGETTING,
)


def create_app(
    settings: Settings | None = None, bus: EventBus | None = None, keys: KeySource | None = None
) -> FastAPI:
    return create_service(SERVICE, settings, bus, keys)
