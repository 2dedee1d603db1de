"""In whose name an import goes on: what they may do is asked anew before each of its steps."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from chassis.authz import Access, allowances
from chassis.behalf import BEHALF, still_may
from chassis.caller import claimed
from chassis.problems import Problem, not_found
from chassis.scoping import lies_below
from chassis.tables import JobColumns
from chassis.worker import Work
from services.registration.persons import service as persons

PLACES, NEEDS, CASE_OWNER = "places", "needs", "case_owner"
FROZEN = "The account of who sent this was frozen half-way; who was registered until then stays."
ENDED = (
    "The roles of who sent this were changed or have run out half-way; who was registered until "
    "then stays, and the same file can be sent again."
)


class Sender(NamedTuple):
    """What somebody may register: where, and whether with their needs."""

    places: Collection[str]
    needs: bool
    access: Access | None


def places_of(access: Access) -> list[str]:
    grants = [each.grant for each in access.allowances("person", "C")]
    return sorted({place for grant in grants for place in grant.places})


def case_owner_of(options: Mapping[str, Any]) -> str | None:
    """Return whose cases those become who are registered for who sent this."""
    if BEHALF not in options:
        # It was accepted by a version that kept only what followed from the token.
        owner: str | None = options[CASE_OWNER]
        return owner
    return persons.owner(claimed(options[BEHALF]))


async def sender_of(work: Work) -> Sender:
    """Return what who sent this may do now; 403 for who may register nobody any more."""
    if work.job.created_by in work.database.frozen:
        raise Problem(403, "account-frozen", FROZEN)
    options = work.job.options
    if BEHALF not in options:
        return Sender(options[PLACES], bool(options.get(NEEDS)), None)
    access = await still_may(work, "person")
    if access is None:
        raise Problem(403, "forbidden", ENDED)
    return Sender(places_of(access), access.may("need", "C"), access)


def refuse_rows(job: JobColumns, access: Access) -> None:
    """
    Raise 404 unless the caller may have rows of a register as they came.

    They are for who sent it, and for those whose role counts wherever the sender's did: a row may
    be of any place there, and holds what else is shown of nobody else's people.
    """
    if job.created_by == access.caller.id:
        return
    here = {place for each in access.allowances() for place in each.grant.places}
    if not all(lies_below(each, here) for each in _sent_for(job.options)):
        raise not_found("job")


def _sent_for(options: Mapping[str, Any]) -> Collection[str]:
    """Return where who sent a register could register people then, be it over by now."""
    if BEHALF not in options:
        places: Collection[str] = options[PLACES]
        return places
    reasons = allowances(claimed(options[BEHALF]).grants, "person", "C")
    return {place for each in reasons for place in each.grant.places}
