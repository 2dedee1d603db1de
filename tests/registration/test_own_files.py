"""Nobody opens the file of themselves or of their own."""

from itertools import pairwise

from tests.registration.kin import HOUSEHOLDS
from tests.registration.office import PERSONS, Office, Worker
from tests.registration.test_break_glass import GLASS, REASON

OWN_FILES = "/v1/registration/own-files"


async def closed(office: Office, person: str, user: str) -> str:
    response = await office.dpo.post(
        OWN_FILES, {"user_id": user, "person_id": person, "relation": "relative"}
    )
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_a_user_finds_neither_their_own_file_nor_that_of_their_household(
    office: Office,
) -> None:
    person = await office.register()
    brother = await office.register(external_id="R2", given_name="Ali")
    neighbour = await office.register(external_id="R3", household_ref="H78")

    await closed(office, person, office.case_worker.id)

    for hidden in (person, brother):
        assert (await office.case_worker.get(f"{PERSONS}/{hidden}")).status_code == 404
    assert (await office.case_worker.get(f"{PERSONS}/{neighbour}")).status_code == 200
    listed = await office.case_worker.get(PERSONS)
    assert [each["id"] for each in listed.json()["items"]] == [neighbour]
    assert (await office.officer.get(f"{PERSONS}/{person}")).status_code == 200


async def test_a_user_finds_themselves_by_no_other_registration_while_they_are_merged(
    office: Office,
) -> None:
    worker = office.case_worker
    people = [
        await office.register(external_id=f"R{number}", household_ref=f"H{number}")
        for number in range(3)
    ]
    kept, told, third = people
    await closed(office, told, worker.id)
    pairs = [await office.pair_of(kept, each) for each in (told, third)]

    async def seen() -> list[bool]:
        answers = [await worker.get(f"{PERSONS}/{each}") for each in people]
        return [each.status_code == 200 for each in answers]

    before = await seen()
    for pair in pairs:
        merged = await office.officer.post(f"{pair}/merge", {"keep": kept})
        assert merged.status_code == 201, merged.text
    together = await seen()
    await office.officer.send("DELETE", f"{pairs[0]}/merge")

    assert (before, together) == ([True, False, True], [False, False, False])
    assert await seen() == before


async def test_a_user_finds_themselves_at_neither_end_of_several_merges(office: Office) -> None:
    worker = office.case_worker
    people = [
        await office.register(external_id=f"R{number}", household_ref=f"H{number}")
        for number in range(3)
    ]
    await closed(office, people[0], worker.id)

    for below, above in pairwise(people):
        pair = await office.pair_of(below, above)
        merged = await office.officer.post(f"{pair}/merge", {"keep": above})
        assert merged.status_code == 201, merged.text

    seen = [(await worker.get(f"{PERSONS}/{each}")).status_code for each in people]
    assert seen == [404, 404, 404]


async def test_whoever_lives_with_a_merged_registration_of_theirs_is_closed_while_it_is_merged(
    office: Office,
) -> None:
    worker = office.case_worker
    told = await office.register(external_id="R1", household_ref="H1")
    second = await office.register(external_id="R2", household_ref="H2")
    sister = await office.register(external_id="R3", household_ref="H2", given_name="Ali")
    await closed(office, told, worker.id)
    pair = await office.pair_of(told, second)

    async def seen() -> tuple[int, int]:
        """Return the status of her file, and how many households the worker is shown."""
        households = await worker.get(HOUSEHOLDS, headers={"X-Purpose": "registration"})
        file = await worker.get(f"{PERSONS}/{sister}")
        return file.status_code, len(households.json()["items"])

    before = await seen()
    merged = await office.officer.post(f"{pair}/merge", {"keep": told})
    assert merged.status_code == 201, merged.text
    together = await seen()
    await office.officer.send("DELETE", f"{pair}/merge")

    assert (before, together) == ((200, 1), (404, 0))
    assert await seen() == before


async def test_a_closed_file_opens_by_no_link_and_no_broken_glass(office: Office) -> None:
    person = await office.register()
    await office.refer(person, "protection", worker_id=office.officer.id)
    notes = f"{PERSONS}/{person}/protection-notes"
    purpose = {"X-Purpose": "protection"}
    before = await office.officer.get(notes, headers=purpose)
    await closed(office, person, office.officer.id)

    linked = await office.officer.get(notes, headers=purpose)
    broken = await office.officer.with_second_factor().post(GLASS, {"person_id": person, **REASON})

    assert (before.status_code, linked.status_code, broken.status_code) == (200, 404, 404)


async def test_a_household_is_told_apart_from_one_of_the_same_number_elsewhere(
    office: Office,
) -> None:
    person = await office.register()
    elsewhere = Worker(office.running, "case", ("case_worker",), organisation="elsewhere")
    theirs = await office.register(by=elsewhere)

    await closed(office, person, elsewhere.id)

    assert (await elsewhere.get(f"{PERSONS}/{theirs}")).status_code == 200


async def test_nobody_opens_their_own_file_to_themselves(office: Office) -> None:
    person = await office.register()
    other_dpo = Worker(office.running, "other", ("dpo",))
    own = await closed(office, person, other_dpo.id)

    by_oneself = await other_dpo.send("DELETE", f"{OWN_FILES}/{own}")
    listed = await other_dpo.get(OWN_FILES)
    by_another = await office.dpo.send("DELETE", f"{OWN_FILES}/{own}")

    assert (by_oneself.status_code, by_another.status_code) == (403, 204)
    assert listed.json()["items"] == []


async def test_a_closed_file_is_closed_once_and_opens_again(office: Office) -> None:
    person = await office.register()
    own = await closed(office, person, office.case_worker.id)
    assert await closed(office, person, office.case_worker.id) == own

    await office.dpo.send("DELETE", f"{OWN_FILES}/{own}")

    assert [act for _, act, _ in await office.record("own_file")] == ["create", "create", "delete"]
    assert (await office.case_worker.get(f"{PERSONS}/{person}")).status_code == 200
