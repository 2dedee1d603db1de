"""
What is sealed in the database: a key for each subject, wrapped by a key that is elsewhere.

    keys = await crypto.subject_keys(session, [person.id], create=True)
    row.phone = keys[person.id].seal("person", "phone", form.phone)
    keys[person.id].open("person", "phone", row.phone)

To destroy the one small key of a subject erases all that was sealed with it, in backups too as
soon as these hold it no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.clock import now
from chassis.db import Database, Where, tables_of, vault_of
from chassis.rows import insert_all
from chassis.sealing import DataKey, DestroyedError, MisplacedError, UnreadableError, new_secret
from chassis.settings import Settings
from chassis.transit import Transit, TransitKeys, engine_of
from chassis.turns import take_turns
from chassis.vault import KeyWrapper, Vault, key_file

__all__ = ["DataKey", "DestroyedError", "MisplacedError", "UnreadableError"]

Subject = UUID | str
Row = dict[str, Any]

SERVICE = "service"
"""The subject of the key for what is no one person's: job payloads, kept answers."""
WRAPPING = "wrapping a key"
"""The turn that whoever adds a wrapped key shares, and the end of a rotation has alone."""
NEW_KEYS = "new keys"
"""Where a session keeps what keys it has wrapped: who registers somebody shows them right after."""
IN_ONE_QUERY = 1000


class Keys:
    """Keys by subject. Whoever has none any more has one that opens nothing."""

    def __init__(self, keys: dict[str, DataKey]) -> None:
        self._keys = keys

    def __getitem__(self, subject: Subject) -> DataKey:
        name = str(subject)
        return self._keys.get(name) or DataKey(name, None)

    def __contains__(self, subject: Subject) -> bool:
        return str(subject) in self._keys


async def wrapper_of(database: Database, settings: Settings, service: str) -> KeyWrapper:
    """Return what wraps the keys of a service's database: its key file, or the key service."""
    folder = settings.home / "keys"
    if settings.kms_url is None:
        return await key_file_of(database, folder / f"{service}.json")
    transit = Transit(engine_of(settings, service))
    try:
        return await transit_keys_of(database, transit, folder / f"{service}.kms.json")
    except BaseException:
        await transit.close()
        raise


async def key_file_of(database: Database, path: Path) -> KeyWrapper:
    """
    Return the key file that belongs to this database, made when the database is new.

    VaultError when it is missing beside records that were sealed with it.
    """
    # The rows are looked at first: another process that starts now makes the file, then a row.
    async with database.read() as session:
        known = await session.exec(select(tables_of(session).subject_key.subject).limit(1))
        sealed = known.first() is not None
    return key_file(path, may_make=not sealed)


async def transit_keys_of(database: Database, transit: Transit, path: Path) -> TransitKeys:
    """
    Return the keys at a key service that belong to this database, made when the database is new.

    VaultError when what belongs to them here is missing beside sealed records, or they cannot be
    asked.
    """
    async with database.read() as session:
        known = await session.exec(select(tables_of(session).subject_key.subject).limit(1))
        sealed = known.first() is not None
    keys = TransitKeys(transit, path)
    await keys.open(may_make=not sealed)
    return keys


async def open_vault(database: Database, wrapper: KeyWrapper) -> None:
    """Give the database its vault; VaultError when these are not the keys it was sealed with."""
    # The service's own key is read and made like any other, by a vault that has none yet.
    database.vault = Vault(wrapper, DataKey(SERVICE, None))
    async with database.read() as session:
        known = await _read(session, {SERVICE})
    if not known:
        async with database.write() as session:
            known = await _made(session, {SERVICE})
    database.vault = Vault(wrapper, known[SERVICE])


async def subject_keys(
    session: AsyncSession, subjects: Iterable[Subject], *, create: bool = False
) -> Keys:
    """
    Return the keys of these subjects, read with one query; the missing are made if `create`.

    Keys for reading may come from memory, which is KEPT_SECONDS behind an erasure elsewhere; so
    only those asked for with `create` seal.
    """
    wanted = {str(subject) for subject in subjects}
    if create:
        found = await _read(session, wanted)
        found |= await _made(session, wanted - found.keys())
        return Keys(found)
    vault = vault_of(session)
    found = vault.kept(wanted)
    new = session.info.get(NEW_KEYS, {})
    found |= {name: DataKey(name, new[name], seals=False) for name in wanted & new.keys()}
    read = await _read(session, wanted - found.keys(), seals=False)
    vault.keep(read.values())
    return Keys(found | read)


class NewKey(NamedTuple):
    """What is to be wrapped of a subject who is new, before it can be kept."""

    subject: str
    secret: bytes

    @property
    def key(self) -> DataKey:
        """The key, which seals at once; what it sealed can be read once it is kept."""
        return DataKey(self.subject, self.secret)


def new_key(subject: Subject) -> NewKey:
    return NewKey(str(subject), new_secret())


async def wrapped(session: AsyncSession, made: Sequence[NewKey]) -> list[Row]:
    """Return new keys as rows: keep one once its subject is there."""
    await _may_wrap(session)
    secrets = dict(made)
    session.info.setdefault(NEW_KEYS, {}).update(secrets)
    return await _wrapped(session, secrets)


async def keep_new(session: AsyncSession, rows: Sequence[Row]) -> None:
    """Keep the rows of new keys, whose subjects are there."""
    await insert_all(session, tables_of(session).subject_key, rows)


def service_key(session: AsyncSession) -> DataKey:
    """Return the key for what is no one person's."""
    return vault_of(session).service_key


def service_key_of(database: Database) -> DataKey:
    """Return the same where no session is open."""
    assert database.vault  # noqa: S101 - The service opened it as it started.
    return database.vault.service_key


def blind_index(where: Where, purpose: str, text: str) -> bytes:
    """Return what finds an equal text again; `purpose` is "table.column", so that no two match."""
    return vault_of(where).blind_index(purpose, text)


def keyed_hash(where: Where, purpose: str, text: str) -> str:
    """Return a name for the text that means nothing outside this service: 64 hex digits."""
    return vault_of(where).keyed_hash(purpose, text)


async def destroy(session: AsyncSession, subject: Subject) -> None:
    """Erase all that was sealed with the subject's key, by deleting the key."""
    name = str(subject)
    if name == SERVICE:
        raise ValueError("The service's own key is nobody's to erase.")
    vault_of(session).drop(name)
    table = tables_of(session).subject_key
    await session.exec(delete(table).where(col(table.subject) == name))


async def _read(
    session: AsyncSession, subjects: set[str], *, seals: bool = True
) -> dict[str, DataKey]:
    wrapper, table = vault_of(session).wrapper, tables_of(session).subject_key
    found = {}
    for some in _parts(sorted(subjects)):
        # Columns and not objects: a session that knows the object would not look again.
        query = select(table.subject, table.wrapped, table.version).where(
            among(session, col(table.subject), some)
        )
        rows = (await session.exec(query)).all()
        wrapped = [(key, version, context(subject)) for subject, key, version in rows]
        secrets = await wrapper.unwrap_all(wrapped) if wrapped else []
        for (subject, _, _), secret in zip(rows, secrets, strict=True):
            found[subject] = DataKey(subject, secret, seals=seals)
    return found


async def _made(session: AsyncSession, subjects: set[str]) -> dict[str, DataKey]:
    """Make these keys; where another transaction was first, its key is returned."""
    if not subjects:
        return {}
    await _may_wrap(session)
    secrets = {subject: new_secret() for subject in sorted(subjects)}
    rows = await _wrapped(session, secrets)
    new: set[str] = set()
    for some in _parts(rows):
        new |= set((await session.exec(_insert(session), params=some)).scalars())
    found = {subject: DataKey(subject, secrets[subject]) for subject in new}
    return found | await _read(session, subjects - new)


def _insert(session: AsyncSession) -> Any:
    table = tables_of(session).subject_key
    dialect = session.get_bind().dialect.name
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing(index_elements=["subject"])
    return statement.returning(col(table.subject))


async def _may_wrap(session: AsyncSession) -> None:
    # A rotation ends when it has this turn alone: nobody then holds a key under an old version
    # that is not committed yet. SQLite's writers take turns anyway.
    if WRAPPING not in session.info:
        await take_turns(session, WRAPPING, shared=True)
        session.info[WRAPPING] = True


async def _wrapped(session: AsyncSession, secrets: Mapping[str, bytes]) -> list[Row]:
    keys = [(secret, context(subject)) for subject, secret in secrets.items()]
    wrapped = await vault_of(session).wrapper.wrap_all(keys)
    made_at = now()
    return [
        {"subject": subject, "wrapped": key, "version": version, "made_at": made_at}
        for subject, (version, key) in zip(secrets, wrapped, strict=True)
    ]


def context(subject: str) -> str:
    """Return what a subject's key is wrapped with, so that it unwraps in no other row."""
    return f"subject_key\0{subject}"


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + IN_ONE_QUERY] for start in range(0, len(items), IN_ONE_QUERY))
