"""
What is put on record: who, for what purpose, did what to whom; never a value.

An entry is written in the transaction of its change (`note`), or before the answer with what was
read leaves (`read`). It names its subjects by keyed hashes.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.caller import Caller
from chassis.clock import new_id, now
from chassis.db import before_commit, tables_of, vault_of
from chassis.fields import fields as field_classes
from chassis.rows import inserting
from chassis.tables import ServiceTables
from chassis.telemetry import current_request_id
from chassis.vault import Vault

HASH_BYTES = 16
NOTES = "audit_notes"
CREATE = "create"

Subject = UUID | str
Subjects = Subject | Iterable[Subject] | None
Row = dict[str, Any]


@dataclass(frozen=True)
class Actor:
    """Who did it; a system's own part when nobody asked for it."""

    id: str
    organisation: str = ""
    roles: tuple[str, ...] = ()


def system(part: str) -> Actor:
    """Return the actor of what happens because of an event, a clock or a start."""
    return Actor(f"system:{part}")


def actor_of(by: Caller | Actor) -> Actor:
    if isinstance(by, Actor):
        return by
    return Actor(by.id, by.organisation, tuple(sorted(by.roles)))


@dataclass(frozen=True)
class Act:
    """What entries have in common that are made into one: everything but the subjects."""

    actor: Actor
    action: str
    resource: str
    fields: tuple[str, ...]
    purpose: str | None
    reason: str | None
    decision: str


@dataclass
class Trail:
    """What one request has put on record so far, and what it has to before it is answered."""

    caller: Caller
    purpose: str | None
    noted: int = 0
    looked: bool = False
    made: set[str] = field(default_factory=set)
    last: Act | None = None
    reads: dict[Act, list[str]] = field(default_factory=dict)


_trail: ContextVar[Trail | None] = ContextVar("audit_trail", default=None)


def purpose_of(sent: str | None) -> str | None:
    """Return what was sent as X-Purpose if it is one; nobody's own words are put on record."""
    return sent if sent in field_classes().purposes else None


def asker() -> Caller:
    """Return who has asked for what is being done."""
    trail = _trail.get()
    if trail is None:
        raise RuntimeError("Only a request with a caller is asked by somebody.")
    return trail.caller


def looking() -> None:
    """Know that this request looks at records: one that finds none is put on record too."""
    if trail := _trail.get():
        trail.looked = True


def last_not_shown() -> None:
    """Take back that the last record read is shown: a page reads one more, to know of the next."""
    trail = _trail.get()
    if trail and trail.last and trail.last in trail.reads:
        others = trail.reads.pop(trail.last)[:-1]
        if others:
            trail.reads[trail.last] = others


def note(
    session: AsyncSession,
    by: Caller | Actor,
    action: str,
    resource: str,
    subject: Subjects = None,
    *,
    fields: Iterable[str] = (),
    purpose: str | None = None,
    reason: str | None = None,
    decision: str = "allowed",
) -> None:
    """
    Put a change on record, in the transaction of the change.

    Notes of one transaction that differ only in their subject become one entry, so a step of an
    import leaves one that names everybody in it.
    """
    trail = _trail.get()
    if trail:
        trail.noted += 1
        purpose = purpose or trail.purpose
        if action == CREATE:
            trail.made.update(_words(subject))
        if by.id == trail.caller.id:
            by = trail.caller
    act = Act(actor_of(by), action, resource, tuple(sorted(fields)), purpose, reason, decision)
    if NOTES not in session.info:
        session.info[NOTES] = {}
        before_commit(session, _write_notes)
    session.info[NOTES].setdefault(act, []).extend(_words(subject))


async def _write_notes(session: AsyncSession) -> None:
    notes: dict[Act, list[str]] = session.info.pop(NOTES)
    rows = rows_of(notes, vault_of(session))
    await add(await session.connection(), tables_of(session), rows)


def read(
    resource: str,
    subject: Subjects = None,
    *,
    fields: Iterable[str] = (),
    purpose: str | None = None,
    reason: str | None = None,
    action: str = "read",
) -> None:
    """
    Put on record what this request's answer shows.

    The answer leaves when the entry is durable; if it cannot be written, the answer is a 503 and
    nothing is shown. What this request has made itself, and only shows again, is no read.
    """
    trail = _trail.get()
    if trail is None:
        raise RuntimeError("Only a request with a caller can read.")
    subjects = _words(subject)
    if subjects and trail.made.issuperset(subjects):
        return
    act = Act(
        actor_of(trail.caller),
        action,
        resource,
        tuple(sorted(fields)),
        purpose or trail.purpose,
        reason,
        "allowed",
    )
    trail.reads.setdefault(act, []).extend(subjects)
    trail.last = act


def _words(subject: Subjects) -> list[str]:
    if subject is None:
        return []
    if isinstance(subject, UUID | str):
        return [str(subject)]
    return [str(each) for each in subject]


def subject_hash(vault: Vault, subject: Subject) -> bytes:
    """Return what stands for a subject in entries: without the key nobody can tell whose it is."""
    return bytes.fromhex(vault.keyed_hash("audit.subject", str(subject)))[:HASH_BYTES]


def subject_hash_of(session: AsyncSession, subject: Subject) -> bytes:
    """Return the same, for who has to find a subject's entries again."""
    return subject_hash(vault_of(session), subject)


def rows_of(acts: Mapping[Act, list[str]], vault: Vault) -> list[tuple[Row, Row]]:
    """Return each act as an entry, and what its sealing needs."""
    at, request_id = now(), current_request_id()
    # Who is registered and agrees in one transaction is in two of them.
    names = {each for told in acts.values() for each in told}
    hashes = {each: subject_hash(vault, each) for each in names}
    rows = []
    for act, told in acts.items():
        subjects = list(dict.fromkeys(told))
        entry_id = new_id()
        entry = {
            "id": entry_id,
            "at": at,
            "actor": act.actor.id,
            "organisation": act.actor.organisation,
            "roles": " ".join(act.actor.roles),
            "purpose": act.purpose,
            "action": act.action,
            "resource": act.resource,
            "subjects": b"".join(hashes[each] for each in subjects),
            "fields": " ".join(act.fields),
            "decision": act.decision,
            "reason": act.reason,
            "request_id": request_id,
        }
        rows.append((entry, {"entry_id": entry_id, "subjects": subjects}))
    return rows


async def add(
    connection: AsyncConnection, tables: ServiceTables, rows: list[tuple[Row, Row]]
) -> None:
    for table, of_it in (
        (tables.audit_entry, [entry for entry, _ in rows]),
        (tables.audit_waiting, [wait for _, wait in rows]),
    ):
        # Most often there is one, which the driver sends sooner when it is not a list.
        sent = of_it if len(of_it) > 1 else of_it[0]
        await connection.execute(inserting(table, connection.dialect.name), sent)
