"""Notes about health and protection are deleted before the rest of a record, and held by a hold."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select, update

from chassis.clock import today
from services.registration.notes.models import Note, NoteVersion
from services.registration.persons.models import Person
from services.registration.retention import rules
from services.registration.retention.models import LastService, RetentionRun
from services.registration.retention.service import CLOCK, begin, dry_run
from tests.patience import until
from tests.registration.office import PERSONS, Office
from tests.registration.test_notes import CARE, PROTECTION, THREAT, WOUND, medical, protection


def kept_since(*, days: int = 0) -> date:
    """Return the last day of which notes are deleted, or one so many days after it."""
    return rules.policy().note.kept_since(today()) + timedelta(days=days)


async def noted(office: Office, external_id: str) -> str:
    """Register somebody who has a note of each kind, one of them changed."""
    person = await office.register(external_id=external_id)
    await office.refer(person, "medical", worker_id=office.nurse.id)
    await office.refer(person, "protection", worker_id=office.officer.id)
    written = await office.nurse.post(medical(person), WOUND, headers=CARE)
    changed = await office.nurse.send(
        "PUT",
        f"{medical(person)}/{written.json()['id']}",
        json=THREAT,
        headers={**CARE, "If-Match": '"1"'},
    )
    assert changed.status_code == 200, changed.text
    told = await office.officer.post(protection(person), THREAT, headers=PROTECTION)
    assert told.status_code == 201, told.text
    return person


async def written_on(office: Office, day: date, **changes: Any) -> None:
    """Let the person be registered, and what was written of them be from that day."""
    at = datetime.combine(day, time(23, 59), UTC)
    async with office.running.database.write() as session:
        await session.exec(update(Person).values({"registered_on": kept_since()} | changes))
        await session.exec(update(NoteVersion).values(written_at=at))
        # The day's own run was made at the start, when nobody was there yet.
        for run in (await session.exec(select(RetentionRun))).all():
            await session.delete(run)


async def due(office: Office) -> tuple[int, int, int]:
    async with office.running.database.read() as session:
        found = await dry_run(session, today())
    return found.due, found.notes_due, found.notes_held


async def run(office: Office) -> RetentionRun:
    async with office.running.database.write() as session:
        begun = await begin(session, CLOCK)

    async def now() -> RetentionRun:
        async with office.running.database.read() as session:
            return await session.get_one(RetentionRun, begun.id)

    return await until(now, lambda found: found.status == "done")


async def test_case_44_notes_go_after_two_years_and_the_record_stays(office: Office) -> None:
    person, held = await noted(office, "R1"), await noted(office, "HELD")
    await written_on(office, kept_since())
    hold = {"person_id": held, "ground": "complaint"}
    placed = await office.dpo.post("/v1/registration/legal-holds", hold)
    assert placed.status_code == 201, placed.text
    before = await due(office)

    ended = await run(office)

    assert before == (0, 1, 1)
    assert (ended.erased, ended.notes_erased, ended.notes_held) == (0, 1, 1)
    assert (await office.case_worker.get(f"{PERSONS}/{person}")).status_code == 200
    assert (await office.nurse.get(medical(person), headers=CARE)).json()["items"] == []
    assert (await office.officer.get(protection(person), headers=PROTECTION)).json()["items"] == []
    assert len((await office.nurse.get(medical(held), headers=CARE)).json()["items"]) == 1
    async with office.running.database.read() as session:
        left = (await session.exec(select(NoteVersion.person_id).distinct())).all()
        assert [str(each) for each in left] == [held]
        assert len((await session.exec(select(Note))).all()) == 2
    record = [each for each in await office.record("medical_note") if each[1] == "delete"]
    assert record == [("retention", "delete", "allowed")]
    assert await due(office) == (0, 0, 1)


@pytest.mark.parametrize(
    ("written", "later", "served"),
    [
        (1, None, 0),
        (0, "registered_on", 0),
        (0, "departed_on", 0),
        (0, None, 1),
    ],
)
async def test_whatever_came_later_keeps_the_notes(
    office: Office, written: int, later: str | None, served: int
) -> None:
    person = await noted(office, "R1")
    changes = {later: kept_since(days=1)} if later else {}
    await written_on(office, kept_since(days=written), **changes)
    async with office.running.database.write() as session:
        session.add(LastService(person_id=UUID(person), served_on=kept_since(days=served)))

    assert await due(office) == (0, 0, 0)


async def test_notes_of_a_registration_that_is_merged_go_in_their_time(office: Office) -> None:
    kept, merged = await noted(office, "R1"), await noted(office, "R2")
    long_ago = rules.policy().person.kept_since(today())
    await written_on(office, long_ago, registered_on=long_ago)
    async with office.running.database.write() as session:
        of = update(Person).where(col(Person.id) == UUID(merged))
        await session.exec(of.values(merged_into=UUID(kept)))

    # The one that goes on is erased whole, and the other one with it.
    assert await due(office) == (1, 1, 0)


async def test_who_is_erased_whole_is_not_counted_for_their_notes_too(office: Office) -> None:
    await noted(office, "R1")
    long_ago = rules.policy().person.kept_since(today())
    await written_on(office, long_ago, registered_on=long_ago)

    assert await due(office) == (1, 0, 0)


def test_a_policy_with_a_class_or_an_effect_that_there_is_not_is_refused() -> None:
    period = {"years": 1, "effect": "erase"}
    told = {"version": 1, "second_person_above": 1000, "days_to_look": 30}

    for classes in ({"person": period}, {"person": period, "note": period}):
        with pytest.raises(ValueError, match="effects"):
            rules.read(told | {"classes": classes})
