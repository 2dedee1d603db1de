"""How the tables of assistance are scoped: whose a row is, where, and whose case its person is."""

from sqlalchemy import exists
from sqlmodel import col

from chassis.scoping import Clause, Scoping, Who
from chassis.subject_file import requested
from services.assistance.distributions.models import Distribution
from services.assistance.entitlements.models import Entitlement
from services.assistance.people.models import Assignment, FileRequest, Person
from services.assistance.programmes.models import Programme


def is_assigned(caller: Who) -> Clause:
    handed_over = exists().where(
        col(Assignment.person_id) == col(Person.id),
        col(Assignment.worker_id) == caller.id,
        col(Assignment.ended).is_(False),
    )
    return (col(Person.case_owner) == caller.id) | handed_over


def _next(_caller: Who) -> Clause:
    return col(Entitlement.status) == "open"


PEOPLE = Scoping(
    organisation=col(Person.organisation),
    place=col(Person.location_pcode),
    created_by=col(Person.registered_by),
    assigned=is_assigned,
    conditions={"request": requested(FileRequest, col(Person.id))},
)
ENTITLEMENTS = Scoping(
    organisation=col(Programme.organisation),
    place=col(Person.location_pcode),
    programme=col(Programme.id),
    created_by=col(Person.registered_by),
    assigned=is_assigned,
    conditions={"next": _next},
)
"""For queries that join the entitlement's programme and person."""
DISTRIBUTIONS = Scoping(
    organisation=col(Distribution.organisation),
    place=col(Person.location_pcode),
    programme=col(Distribution.programme_id),
    created_by=col(Distribution.delivered_by),
    created_at=col(Distribution.recorded_at),
    assigned=is_assigned,
)
"""For queries that join the distribution's person."""
