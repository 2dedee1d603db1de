"""Two organisations that have both registered Nawal, and who decides on that in each."""

from typing import Any

from chassis.clock import today
from services.registration.consents import rules
from tests.registration.office import NAWAL, PERSONS, Office, Worker, look_for_new

CANDIDATES = "/v1/registration/merge-candidates"
PROPOSALS = "/v1/registration/merge-proposals"
OURS, THEIRS = "iom", "elsewhere"


class Partners:
    """`us` and `them` are reviewers; each case worker registers, the officers of data agree."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.us, self.our_worker, self.our_dpo = office.officer, office.case_worker, office.dpo
        roles = (("rima", "protection_officer"), ("tarek", "case_worker"), ("lea", "dpo"))
        self.them, self.their_worker, self.their_dpo = (
            Worker(office.running, name, (role,), organisation=THEIRS) for name, role in roles
        )

    async def registered(self, **changes: Any) -> tuple[str, str]:
        """Register Nawal here and there, and return both once the search has looked."""
        other = {"external_id": "E-1", "household_ref": "E-H1"} | changes
        ours = await self.office.register(self.our_worker)
        theirs = await self.office.register(self.their_worker, **other)
        await look_for_new(self.office.running.database)
        return ours, theirs

    async def agree(self) -> None:
        """Let both organisations have an agreement on referrals with the other one."""
        for dpo, other in ((self.our_dpo, THEIRS), (self.their_dpo, OURS)):
            body = {
                "reference": "A-1",
                "recipient": f"partner:{other}",
                "purposes": ["referral"],
                "starts_on": "2026-01-01",
                "ends_on": "2099-01-01",
            }
            made = await dpo.post("/v1/registration/sharing-agreements", body)
            assert made.status_code == 201, made.text

    async def say(self, person: str, *, given: bool, ours: bool) -> None:
        """Let the person answer one organisation whether the other one may be told of them."""
        worker, other = (self.our_worker, THEIRS) if ours else (self.their_worker, OURS)
        body = {
            "recipient": f"partner:{other}",
            "purpose": "referral",
            "given": given,
            "text_version": rules.current_version(),
            "language": "ar",
            "form": "verbal",
            "asked_on": today().isoformat(),
            "place_pcode": NAWAL["location_pcode"],
            "detained": False,
        }
        answer = await worker.post(f"{PERSONS}/{person}/consents", body)
        assert answer.status_code == 201, answer.text

    async def may_both_know(self) -> tuple[str, str]:
        people = await self.registered()
        await self.agree()
        for person, ours in zip(people, (True, False), strict=True):
            await self.say(person, given=True, ours=ours)
        return people

    async def candidates(self, by: Worker) -> list[dict[str, Any]]:
        answer = await by.get(CANDIDATES)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def propose(self, keep: str = "ours") -> str:
        """Let our reviewer propose what there is to propose, and return the proposal's path."""
        [pair] = await self.candidates(self.us)
        answer = await self.us.post(f"{CANDIDATES}/{pair['id']}/proposals", {"keep": keep})
        assert answer.status_code == 201, answer.text
        return f"{PROPOSALS}/{answer.json()['id']}"

    async def confirm(self, proposal: str) -> None:
        answer = await self.them.post(f"{proposal}/answer", {"confirmed": True})
        assert answer.status_code == 200, answer.text

    async def state(self, proposal: str) -> list[str | int]:
        """Return how a proposal stands for each side, or that it is not there."""
        answers = [await each.get(proposal) for each in (self.us, self.them)]
        return [
            each.json()["state"] if each.status_code == 200 else each.status_code
            for each in answers
        ]
