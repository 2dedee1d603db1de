"""The record as it can be read: who saw and changed what; and how a person's name leaves it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.audit.chain import hashes_in
from chassis.audit.entries import Subject, subject_hash
from chassis.audit.naming import in_words, names_of
from chassis.db import tables_of, vault_of
from chassis.tables import core_table

MOST_READERS = 10_000
SEEING = ("read", "export")


class EntryOut(BaseModel):
    """
    Who did what to whom, for what purpose; never a value of what they saw.

    A subject who was erased is there as `erased:` and a hash that names nobody.
    """

    id: UUID
    at: datetime
    actor: str
    organisation: str
    roles: list[str]
    purpose: str | None
    action: str
    resource: str
    subjects: list[str]
    fields: list[str]
    decision: str
    reason: str | None
    request_id: str | None


class EntriesOut(BaseModel):
    items: list[EntryOut]
    next_cursor: str | None


async def find(
    session: AsyncSession,
    within: ColumnElement[bool],
    *,
    actor: str | None = None,
    subject: Subject | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: UUID | None = None,
    limit: int = MOST_READERS,
) -> list[EntryOut]:
    """Return entries in the order in which they were made; those of the last second may lack."""
    entry, about = (
        core_table(tables_of(session).audit_entry),
        core_table(tables_of(session).audit_about),
    )
    statement = select(entry).where(within).order_by(entry.c.id).limit(limit)
    if actor:
        statement = statement.where(entry.c.actor == actor)
    if subject:
        wanted = subject_hash(vault_of(session), subject)
        statement = statement.where(
            exists().where(about.c.entry_id == entry.c.id, about.c.subject == wanted)
        )
    if since:
        # The id begins with the time, and it is the id that has an index.
        statement = statement.where(entry.c.id >= first_id_at(since), entry.c.at >= since)
    if until:
        statement = statement.where(entry.c.at < until)
    if after:
        statement = statement.where(entry.c.id > after)
    rows = (await (await session.connection()).execute(statement)).mappings().all()
    return await _shown(session, rows)


def first_id_at(moment: datetime) -> UUID:
    """Return an id before every one that is made in this millisecond or later."""
    milliseconds = int(moment.astimezone(UTC).timestamp() * 1000)
    return UUID(int=max(milliseconds, 0) << 80)


async def _shown(session: AsyncSession, rows: Sequence[Any]) -> list[EntryOut]:
    # A step of an import or an export is one entry about hundreds of people.
    parts = {part for row in rows for part in hashes_in(row["subjects"])}
    names = await names_of(session, parts) if parts else {}
    return [
        EntryOut.model_validate(
            dict(row)
            | {
                "roles": row["roles"].split(),
                "fields": row["fields"].split(),
                "subjects": [
                    names.get(part) or f"erased:{part}" for part in in_words(row["subjects"])
                ],
            }
        )
        for row in rows
    ]


async def readers_of(
    session: AsyncSession, subject: Subject, limit: int = MOST_READERS
) -> list[EntryOut]:
    """Return who has seen, changed or been refused what is kept of a person, the oldest first."""
    entry = core_table(tables_of(session).audit_entry)
    return await find(session, entry.c.id.is_not(None), subject=subject, limit=limit)


async def readings_of(
    session: AsyncSession,
    subject: Subject,
    *,
    but_of: Sequence[str] = (),
    after: UUID | None = None,
    limit: int = MOST_READERS,
) -> list[EntryOut]:
    """Return who has seen what is kept of a person, the oldest first; not these resources."""
    entry = core_table(tables_of(session).audit_entry)
    within = (
        entry.c.action.in_(SEEING)
        & (entry.c.decision == "allowed")
        & entry.c.resource.not_in(but_of)
    )
    return await find(session, within, subject=subject, after=after, limit=limit)


async def forget_subject(session: AsyncSession, subject: Subject) -> None:
    """
    Take a person's id out of the record, for good; the entries and their chain stay.

    What stands for the person in the entries is a hash that only the service's key can make from
    their id, and nothing tells any more whose it is.
    """
    subjects = core_table(tables_of(session).audit_subject)
    connection = await session.connection()
    part = subject_hash(vault_of(session), subject)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    # Entries about them that wait for their seal, and later ones, find the empty name here.
    empty = dialect.insert(subjects).values(hash=part, subject=None).on_conflict_do_nothing()
    await connection.execute(empty)
    await connection.execute(update(subjects).where(subjects.c.hash == part).values(subject=None))
