"""A person whom a third organisation has registered too, and how merges with it are tried."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col

from chassis.clock import now, today
from services.registration.consents.models import Consent
from services.registration.duplicates.models import DuplicatePair
from services.registration.mergeproposals.models import MergeProposal
from services.registration.mergeproposals.rules import ANSWERED_WITHIN
from services.registration.sharing.models import Agreement
from tests.authz.world import BUILDER, HERE, World, look_alike, organisation_of, somebody_else
from tests.authz.world import person as person_in

SISTER = "sister"
CANDIDATES = "/v1/registration/merge-candidates"
PROPOSALS = "/v1/registration/merge-proposals"
PROPOSE = f"POST {CANDIDATES}/{{pair_id}}/proposals"
BODIES: dict[str, Any] = {
    PROPOSE: {"keep": "ours"},
    f"PUT {CANDIDATES}/{{pair_id}}/dismissal": {"because": "keep_apart"},
    f"POST {PROPOSALS}/{{proposal_id}}/answer": {"confirmed": False, "because": "keep_apart"},
    f"POST {PROPOSALS}/{{proposal_id}}/withdrawal": None,
}
LISTED = {"merge_proposal": "merge listed"}
PREPARED = {"duplicate", "merge_proposal"}


async def add(world: World, situation: str) -> None:
    """Let the sister organisation have asked about the person, and know them once more."""
    ids = world.ids[situation]
    home = organisation_of(situation)
    asked, looked_at = [await _twin(world, situation, number) for number in range(2)]
    left, right = _sides(ids["person_id"], asked)
    proposal = MergeProposal(
        left_id=left,
        right_id=right,
        kept_id=UUID(asked),
        proposer=SISTER,
        proposed_by=BUILDER,
        until=now() + ANSWERED_WITHIN,
    )
    pairs = [
        DuplicatePair(
            left_id=one,
            right_id=other,
            score=9.0,
            band="possible",
            reasons=[],
            weights="t",
            status="unsure",
        )
        for one, other in (_sides(ids["person_id"], each) for each in (asked, looked_at))
    ]
    ids["merge listed"] = str(proposal.id)
    ids["proposal_id"], ids["candidate_id"] = str(proposal.id), str(pairs[1].id)
    yes = [
        _yes(ids["person_id"], SISTER),
        *(_yes(each, home) for each in (asked, looked_at)),
    ]
    agreements = [_agreement(one, other) for one, other in ((home, SISTER), (SISTER, home))]
    async with world.databases["registration"].write() as session:
        session.add_all([proposal, *pairs, *yes, *agreements])


def _sides(one: str, other: str) -> list[UUID]:
    return sorted((UUID(one), UUID(other)))


async def _twin(world: World, situation: str, number: int) -> str:
    name = f"T{number}-{situation[:3]}{len(situation)}"
    form = person_in(situation) | somebody_else(name) | {"location_pcode": HERE}
    told = await world.made("/v1/registration/persons", SISTER, form)
    return str(told["id"])


def _yes(person_id: str, organisation: str) -> Consent:
    return Consent(
        person_id=UUID(person_id),
        recipient=f"partner:{organisation}",
        purpose="referral",
        version=1,
        state="given",
        text_version="2026-1",
        asked_on=today(),
        minor="no",
        recorded_by=BUILDER,
    )


def _agreement(organisation: str, other: str) -> Agreement:
    return Agreement(
        organisation=organisation,
        reference="M1",
        recipient=f"partner:{other}",
        purposes=["referral"],
        starts_on=today(),
        ends_on=today(),
        created_by=BUILDER,
    )


async def prepared(world: World, name: str, situation: str) -> dict[str, str]:
    """Let a pair be there to be decided on; return the ids by which it is asked for."""
    if "/merge-" not in name:
        await look_alike(world, situation)
        return dict(world.ids[situation])
    ids = world.ids[situation]
    if CANDIDATES in name:
        ours = UUID(ids["person_id"])
        theirs = (col(MergeProposal.left_id) == ours) | (col(MergeProposal.right_id) == ours)
        by_sister = col(MergeProposal.proposer) == SISTER
        async with world.databases["registration"].write() as session:
            await session.exec(delete(MergeProposal).where(theirs, ~by_sister))
    listed = ids["candidate_id"] if CANDIDATES in name else ids["proposal_id"]
    return ids | {"pair_id": ids["candidate_id"], "merge listed": listed}
