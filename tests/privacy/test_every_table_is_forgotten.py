"""
No table is forgotten by the forgetting: each column that links to a person has its fate.

A new one needs a line in `ROWS` of its service (`erasures/`), or a reason here.
"""

import pytest

from chassis.app import Service
from services.assistance.main import SERVICE as ASSISTANCE
from services.registration.main import SERVICE as REGISTRATION
from services.returns.main import SERVICE as RETURNS
from services.tracking.main import SERVICE as TRACKING

OTHERWISE = {
    "erasure.person_id": "emptied by the saga itself, when the last service has answered",
    "position.subject": "dropped by the chassis for every service",
    "outbox.subject": "dropped by the chassis once it is sent",
    "subject_key.subject": "the key: destroyed by the chassis",
    "audit_about.subject": "a keyed hash",
    "audit_subject.subject": "emptied by the chassis: entries name hashes of nobody known",
    "share.person_id": "an id that names nobody; its recipient has to know what to delete",
    "device_copy.person_id": "an id that names nobody; the device has to know what to delete",
    "return_case.open_for": "emptied in one with the case's person_id",
}


@pytest.mark.parametrize(
    "service", [REGISTRATION, ASSISTANCE, RETURNS, TRACKING], ids=lambda each: each.name
)
def test_every_column_that_links_to_a_person_has_a_fate(service: Service) -> None:
    links = {
        f"{table.name}.{column.name}"
        for table in service.tables.metadata.tables.values()
        for column in table.columns
        if column.name in {"subject", "open_for", "left_id", "right_id"}
        or column.name == "person_id"
        or column.name.endswith("_person_id")
        or (table.name, column.name) == ("person", "id")
    }

    assert service.forgetting
    fates = {f"{column.table.name}.{column.name}" for column, _ in service.forgetting.columns()}
    assert links - fates - OTHERWISE.keys() == set()
