"""
Everything that a service holds on one person, for that person, and who has seen it.

It is gathered by the same list of tables that an erasure goes by, so that nothing is held which is
neither shown nor erased. It is for the data-protection officer, while the person's request is open.
Who was registered here more than once is given what lies with each of their registrations, as an
erasure takes each; what another organisation keeps of them is asked of that one.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import String, exists
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged
from chassis.authz import AccessDep
from chassis.clock import UtcDateTime, now
from chassis.db import ReadSession
from chassis.erasure import Forgetting
from chassis.fields import Maskable, Shown
from chassis.inbox import Subscriptions
from chassis.operations import Router
from chassis.problems import not_found
from chassis.rows import insert_new, put
from chassis.scoping import Condition, Scoping, moment
from chassis.views import View
from contracts.registration import SubjectRequestClosed, SubjectRequestOpened

Row = dict[str, Any]
Opened = Callable[[AsyncSession, UUID], Awaitable[Mapping[str, Mapping[Any, Row]]]]
"""What is sealed, opened: by table, by the id of the row, the columns that it fills."""

MASKED = {"masked": True}
THIRD = frozenset({"case_owner", "worker_id", "left_id", "right_id", "actor"})
"""Columns that name somebody else; so do those that end in `_by` and `_person_id`."""


class FileRequestColumns(SQLModel):
    """A copy: that a person has asked for their file, until when that counts."""

    request_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(index=True)
    until: datetime = Field(sa_type=UtcDateTime)
    closed: bool = False


def subscriptions(table: type[FileRequestColumns]) -> Subscriptions:
    """Return what keeps the copies; a closing that comes before its opening counts too."""

    async def open_request(session: AsyncSession, event: SubjectRequestOpened) -> None:
        await insert_new(session, table(**event.model_dump(include=set(table.model_fields))))

    async def close_request(session: AsyncSession, event: SubjectRequestClosed) -> None:
        row = table(
            request_id=event.request_id, person_id=event.person_id, until=now(), closed=True
        )
        await put(session, row)

    return {SubjectRequestOpened: open_request, SubjectRequestClosed: close_request}


def requested(table: type[FileRequestColumns], person_id: Any) -> Condition:
    """Return the condition `request` of authz.yaml: the person has an open request."""
    return lambda _caller: exists().where(
        col(table.person_id) == person_id, col(table.closed).is_(False), col(table.until) > moment()
    )


class ReadingOut(BaseModel):
    """That somebody saw or changed the record; roles and an organisation, but nobody's name."""

    at: datetime
    roles: list[str]
    organisation: str
    action: str
    resource: str
    fields: list[str]
    purpose: str | None
    decision: str


class FileOut(Shown, shape="subject_file"):
    """What a service holds, by table; other people in it are masked. `read_by` is in time order."""

    id: UUID
    service: str
    held: Maskable[dict[str, Any]]
    read_by: Maskable[list[ReadingOut]]


async def _nothing_sealed(
    _session: AsyncSession, _subject: UUID
) -> Mapping[str, Mapping[Any, Row]]:
    return {}


async def gather(
    session: AsyncSession, forgetting: Forgetting, subjects: Sequence[UUID], opened: Opened
) -> dict[str, list[Row]]:
    """
    Return the rows about a person by table, with what is sealed opened, others masked.

    `subjects` are the ids of their registrations; what is about two of them is there once.
    """
    in_clear = await _opened(session, subjects, opened)
    held: dict[str, dict[Any, Row]] = {}
    for column, _fate in forgetting.columns():
        table = column.table
        ids = list(map(str, subjects)) if isinstance(column.type, String) else subjects
        ours = table.select().where(column.in_(ids))
        for row in (await (await session.connection()).execute(ours)).mappings().all():
            more = in_clear.get(table.name, {}).get(row.get("id"), {})
            key = tuple(row[each.name] for each in table.primary_key)
            held.setdefault(table.name, {})[key] = _shown(row, subjects) | more
    return {name: list(rows.values()) for name, rows in held.items()}


async def _opened(
    session: AsyncSession, subjects: Sequence[UUID], opened: Opened
) -> Mapping[str, dict[Any, Row]]:
    found: dict[str, dict[Any, Row]] = defaultdict(dict)
    for subject in subjects:
        for name, rows in (await opened(session, subject)).items():
            found[name] |= rows
    return found


def _shown(row: Mapping[Any, Any], subjects: Sequence[UUID]) -> Row:
    return {
        name: MASKED if _is_of_another(name, value, subjects) else value
        for name, value in row.items()
        # What is sealed is opened by its own service; what is left are indexes.
        if not isinstance(value, bytes)
    }


def _is_of_another(name: str, value: Any, subjects: Sequence[UUID]) -> bool:
    names = name in THIRD or name.endswith(("_by", "_person_id"))
    return names and value is not None and str(value) not in map(str, subjects)


async def _readings(session: AsyncSession, subjects: Sequence[UUID]) -> list[ReadingOut]:
    found = {
        entry.id: entry for each in subjects for entry in await audit.readers_of(session, each)
    }
    return [
        ReadingOut.model_validate(entry, from_attributes=True)
        for entry in sorted(found.values(), key=lambda entry: (entry.at, entry.id))
    ]


def router(
    service: str,
    forgetting: Forgetting,
    scoping: Scoping,
    person_id: Any,
    opened: Opened = _nothing_sealed,
) -> Router:
    """Return the operation that gives a person's file of one service."""
    routes = Router(prefix=f"/v1/{service}/people", tags=["subject access"])

    @routes.get("/{person_id}/file")
    async def get_file(person_id: UUID, access: AccessDep, session: ReadSession) -> FileOut:
        """Give all that is held here on a person who has asked for it, and who has seen it."""
        view = View(access, "subject_file", scoping)
        statement = select(view.standing).where(key == person_id, access.rows(scoping))
        standing = (await session.exec(statement)).one_or_none()
        if standing is None:
            raise not_found("person")
        subjects = sorted(await merged.registrations_here(session, key.class_, person_id))
        if others := [each for each in subjects if each != person_id]:
            audit.read("subject_file", others)
        file = {
            "id": person_id,
            "service": service,
            "held": await gather(session, forgetting, subjects, opened),
            "read_by": await _readings(session, subjects),
        }
        return view.shown(FileOut, file, standing)

    key = person_id
    return routes
