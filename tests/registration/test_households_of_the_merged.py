"""Of whoever is in two households by two registrations, both are told whenever that changes."""

import pytest

from chassis.clock import today
from tests.conftest import Start
from tests.registration.kin import CASES, PLACE, Kin
from tests.registration.office import PERSONS
from tests.registration.test_households import erased, opened


@pytest.fixture
async def kin(start: Start) -> Kin:
    return await opened(start)


async def test_where_a_second_registration_counts_is_told_of_every_household_of_theirs(
    kin: Kin,
) -> None:
    first = await kin.office.register(household_ref=None)
    second = await kin.office.register(external_id="R2", household_ref="H2")
    await kin.person("H3", "head")
    one, other = await kin.of("H2"), await kin.of("H3")
    pair = await kin.office.pair_of(first, second)
    merged = await kin.office.officer.post(f"{pair}/merge", {"keep": first})
    assert merged.status_code == 201, merged.text

    async def told() -> tuple[int, int]:
        """Return how many the others know of in each, which is how many there are."""
        sizes = {each["household_id"]: each["size"] for each in await kin.told()}
        found = sizes[one["id"]], sizes[other["id"]]
        assert found == ((await kin.seen(one["id"]))["size"], (await kin.seen(other["id"]))["size"])
        return found

    found = [await told()]
    comes = {"person_id": first, "since": today().isoformat()}
    head, goes = {"relationship_to_head": "head"}, {"on": today().isoformat()}
    await kin.does(f"/{other['id']}/members", comes, 201)
    found.append(await told())
    await kin.does(f"/{other['id']}/members/{first}/leaving", goes)
    found.append(await told())
    for reference in ("H3", None):
        version = (await kin.office.case_worker.get(f"{PERSONS}/{first}")).headers["etag"]
        changes = {"reason": "recorded_wrongly", "household_ref": reference}
        headers = {"If-Match": version, **CASES}
        answer = await kin.office.case_worker.send(
            "PATCH", f"{PERSONS}/{first}", json=changes, headers=headers
        )
        assert answer.status_code == 200, answer.text
        found.append(await told())
    made = await kin.does("", {"location_pcode": PLACE, "members": [comes | head]}, 201)
    found.append(await told())
    await kin.does(f"/{made['id']}/end", goes)
    found.append(await told())

    assert found == [(1, 1), (0, 2), (1, 1), (0, 2), (1, 1), (0, 1), (1, 1)]


async def test_who_goes_on_alone_after_an_erasure_counts_where_they_are(kin: Kin) -> None:
    first = await kin.office.register(household_ref="H1")
    second = await kin.office.register(external_id="R2", household_ref="H2")
    pair = await kin.office.pair_of(first, second)
    await kin.office.officer.post(f"{pair}/merge", {"keep": first})
    hold = {"person_id": second, "ground": "complaint"}
    assert (await kin.office.dpo.post("/v1/registration/legal-holds", hold)).status_code == 201
    home = (await kin.of("H2"))["id"]
    before = [each["size"] for each in await kin.told() if each["household_id"] == home]

    await erased(kin, first)

    after = [each["size"] for each in await kin.told() if each["household_id"] == home]
    assert (before[-1], after[-1], (await kin.of("H2"))["size"]) == (0, 1, 1)


async def test_who_was_counted_by_an_erased_registration_counts_by_another(kin: Kin) -> None:
    first, second, third = [
        await kin.office.register(external_id=f"R{number}", household_ref=reference)
        for number, reference in enumerate((None, "H2", "H3"))
    ]
    for each in (second, third):
        pair = await kin.office.pair_of(first, each)
        await kin.office.officer.post(f"{pair}/merge", {"keep": first})
    home = (await kin.of("H3"))["id"]
    before = [each["size"] for each in await kin.told() if each["household_id"] == home]

    await erased(kin, second, "registered_in_error")

    after = [each["size"] for each in await kin.told() if each["household_id"] == home]
    assert (before[-1], after[-1], (await kin.of("H3"))["size"]) == (0, 1, 1)
