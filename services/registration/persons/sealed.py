"""What of a person is sealed under their own key, and how it is found again without opening it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from pydantic_core import to_json
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.db import Where
from chassis.rows import insert_all
from chassis.unsealed import plain
from services.registration.persons import rules
from services.registration.persons.models import Person
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.parts import Document
from services.registration.persons.phones import OtherPhoneIndex

log = structlog.get_logger()

TABLE = "person"
SEALED = ("phone", "other_phones", "documents", "disability")
PHONE, DOCUMENT = "person.phone", "person.document"
NOTHING: dict[str, Any] = {"phone": None, "other_phones": [], "documents": [], "disability": None}
MASKED = {"masked": True}
"""What stands for a value that was there once and cannot be read any more."""


def columns(where: Where, key: crypto.DataKey, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that keep those of the fields which are sealed."""
    kept: dict[str, Any] = {}
    if "phone" in fields:
        phone = fields["phone"]
        kept["phone"] = phone and key.seal(TABLE, "phone", phone)
        kept["phone_index"] = phone and phone_index(where, phone)
    if "other_phones" in fields:
        others = fields["other_phones"]
        kept["other_phones"] = (
            key.seal(TABLE, "other_phones", json.dumps(others)) if others else None
        )
    if "documents" in fields:
        kept["documents"] = key.seal(TABLE, "documents", to_json(fields["documents"]).decode())
    if "disability" in fields:
        answers = fields["disability"]
        kept["disability"] = answers and key.seal(TABLE, "disability", json.dumps(answers))
    return kept


def document_indexes(where: Where, person_id: UUID, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows by which the papers of a person are found."""
    indexes = {document_index(where, number) for number in numbers}
    return [{"person_id": person_id, "number_index": each} for each in sorted(indexes)]


def phone_index(where: Where, phone: str) -> bytes:
    return crypto.blind_index(where, PHONE, phone)


def other_phone_indexes(
    where: Where, person_id: UUID, phones: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the rows by which somebody is found by their numbers besides the first one."""
    return [{"person_id": person_id, "number_index": phone_index(where, each)} for each in phones]


def document_index(where: Where, number: str) -> bytes:
    return crypto.blind_index(where, DOCUMENT, rules.document_key(number))


def fingerprint(where: Where, plain: str) -> str:
    """Return the fingerprint as it is kept: without the key nobody can guess what it is of."""
    return crypto.keyed_hash(where, "person.fingerprint", plain)


async def index_again(session: AsyncSession, person_id: UUID, changes: Mapping[str, Any]) -> None:
    """Let a person be found by what their record says after these changes."""
    if "other_phones" in changes:
        theirs = col(OtherPhoneIndex.person_id) == person_id
        await session.exec(delete(OtherPhoneIndex).where(theirs))
        rows = other_phone_indexes(session, person_id, changes["other_phones"])
        await insert_all(session, OtherPhoneIndex, rows)
    if "documents" in changes:
        await session.exec(delete(DocumentIndex).where(col(DocumentIndex.person_id) == person_id))
        numbers = [each["number"] for each in changes["documents"]]
        await insert_all(session, DocumentIndex, document_indexes(session, person_id, numbers))


async def opened(session: AsyncSession, persons: Sequence[Person]) -> dict[UUID, dict[str, Any]]:
    """Return by person what is sealed of them, opened by one query for all their keys."""
    if not persons:
        return {}
    keys = await crypto.subject_keys(session, [person.id for person in persons])
    return {person.id: _open(keys[person.id], person) for person in persons}


def _open(key: crypto.DataKey, person: Person) -> dict[str, Any]:
    try:
        phone = person.phone and key.open(TABLE, "phone", person.phone)
        others = person.other_phones and key.open(TABLE, "other_phones", person.other_phones)
        documents = json.loads(key.open(TABLE, "documents", person.documents))
        answers = person.disability and json.loads(key.open(TABLE, "disability", person.disability))
    except crypto.UnreadableError as error:
        log.warning("unreadable", reason=type(error).__name__, field=str(error))
        papers = [dict.fromkeys(Document.model_fields, MASKED)]
        return {**dict.fromkeys(SEALED, MASKED), "documents": papers}
    return {
        "phone": phone,
        "other_phones": json.loads(others) if others else [],
        "documents": documents,
        "disability": answers,
    }


async def seal_persons(session: AsyncSession, persons: Sequence[Person]) -> None:
    """Seal what an older version kept in the clear."""
    keys = await crypto.subject_keys(session, [person.id for person in persons], create=True)
    for person in persons:
        documents = json.loads(plain(person.documents))
        phone = plain(person.phone).decode() if person.phone else None
        kept = columns(session, keys[person.id], {"phone": phone, "documents": documents})
        for name, value in kept.items():
            setattr(person, name, value)
        person.fingerprint = fingerprint(session, person.fingerprint)
        session.add(person)
        numbers = [each["number"] for each in documents]
        await insert_all(session, DocumentIndex, document_indexes(session, person.id, numbers))
