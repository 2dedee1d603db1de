"""An operation that forgets to put itself on record is put on record all the same, and found."""

from dataclasses import replace

from sqlalchemy import select

from chassis import audit
from chassis.audit.journal import FORGOTTEN
from chassis.db import WriteSession
from chassis.operations import Router
from chassis.tables import core_table
from services.registration.main import SERVICE
from tests.conftest import Start, forgotten

AMAL = "018f0000-0000-7000-8000-000000000001"
PATH = "/v1/registration/persons/{person_id}"
ENTRY = core_table(SERVICE.tables.audit_entry)
forgetful, careful = Router(), Router()


@forgetful.get(PATH)
async def forget() -> dict[str, str]:
    return {"given_name": "Amal"}


@careful.get(PATH)
async def remember(person_id: str, session: WriteSession) -> dict[str, str]:
    audit.read("person", person_id, fields=["given_name"])
    return {"given_name": "Amal"}


async def test_what_an_operation_forgets_is_put_on_record_for_it_and_counted(start: Start) -> None:
    running = await start(replace(SERVICE, routers=[forgetful]))
    before = forgotten().get("registration person read", 0)

    answer = await running.client.get(PATH.format(person_id=AMAL))

    assert answer.status_code == 200
    assert forgotten()["registration person read"] == before + 1
    FORGOTTEN.clear()  # The next test, and this one's own guard, need not hear of it.
    async with running.database.read() as session:
        connection = await session.connection()
        theirs = select(ENTRY).where(ENTRY.c.actor == "test-client")
        (entry,) = (await connection.execute(theirs)).mappings().all()
    assert (entry["resource"], entry["reason"]) == ("person", "noted by default")
    assert entry["subjects"]


async def test_what_an_operation_remembers_is_not_counted(start: Start) -> None:
    running = await start(replace(SERVICE, routers=[careful]))
    before = forgotten()

    answer = await running.client.get(PATH.format(person_id=AMAL))

    assert (answer.status_code, forgotten()) == (200, before)
