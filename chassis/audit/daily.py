"""Each service walks its whole record once a day, so that nobody has to remember to."""

import asyncio
import time

import structlog
from prometheus_client import Gauge

from chassis.audit.anchors import AUDIT_BROKEN, Anchors
from chassis.audit.verification import Fault, verify
from chassis.db import Database
from chassis.telemetry import REGISTRY
from chassis.wake import rest

log = structlog.get_logger()

FIRST_SECONDS = 300.0
"""After the start, which has enough to do; a service that is restarted daily is verified too."""
DAY_SECONDS = 86_400.0
AUDIT_VERIFIED = Gauge(
    "masar_audit_verified_timestamp_seconds",
    "When the whole record was last walked to its end or its first fault.",
    ["service"],
    registry=REGISTRY,
)


async def verify_whole(database: Database, anchors: Anchors) -> Fault | None:
    """Walk the record from its first seal on; return the first row that is not as it was."""
    after: int | None = 0
    while after is not None:
        begun = time.monotonic()
        found = await verify(database, anchors, after=after)
        if found.fault:
            return found.fault
        after = found.next
        # Requests get as much of the processor as the walk takes.
        await asyncio.sleep(time.monotonic() - begun)
    return None


async def run_daily(
    database: Database,
    anchors: Anchors,
    stopping: asyncio.Event,
    first: float = FIRST_SECONDS,
    then: float = DAY_SECONDS,
) -> None:
    """Verify the record after `first` seconds, then every `then` seconds, until told to stop."""
    service = database.tables.source
    pause = first
    while not await rest(stopping, pause):
        pause = then
        try:
            fault = await verify_whole(database, anchors)
        except Exception as error:  # noqa: BLE001 - Tomorrow's walk may find the database again.
            log.error("not_verified", service=service, error=type(error).__name__)
            continue
        AUDIT_VERIFIED.labels(service).set_to_current_time()
        AUDIT_BROKEN.labels(service, "walk").set(1 if fault else 0)
        if fault:
            detail = f"{fault.kind} at seal {fault.seq}"
            log.critical("audit_broken", service=service, detail=detail)
