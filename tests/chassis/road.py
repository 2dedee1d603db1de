"""A writer and a reader on either side of a bus: the smallest system that events can cross."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto, outbox
from chassis.bus import EventBus
from chassis.clock import new_id
from chassis.db import Database
from chassis.inbox import Consumer
from chassis.sealing import new_secret
from chassis.tables import DeadLetterColumns, ServiceTables, named_metadata, service_tables
from chassis.vault import OneByOne
from contracts.event import Event
from tests.patience import until


class BoatArrived(Event):
    type: ClassVar[str] = "writer.boat_arrived.v1"

    boat: int


class Table(SQLModel, registry=registry(metadata=named_metadata())):
    pass


class Arrival(Table, table=True):
    """What an event leaves behind; one row for each time that it took effect."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    boat: int


TABLES = service_tables("road", Table)
Outbox, DeadLetter = TABLES.outbox, TABLES.dead_letter


def tables(source: str) -> ServiceTables:
    return replace(TABLES, source=source)


class PoisonError(Exception):
    pass


POISON = 13


async def note_arrival(session: AsyncSession, event: BoatArrived) -> None:
    session.add(Arrival(boat=event.boat))


async def refuse_thirteen(session: AsyncSession, event: BoatArrived) -> None:
    if event.boat == POISON:
        raise PoisonError
    await note_arrival(session, event)


class Road:
    """Both databases, and a bus for each side; the parts run until the block ends."""

    def __init__(self, writer: Database, reader: Database, bus: Callable[[str], EventBus]) -> None:
        self.writer = writer
        self.reader = reader
        self._bus = bus
        self.vhost = "/"

    async def arrive(self, *boats: int, subject: str | None = None, sequence: int = 1) -> None:
        for boat in boats:
            async with self.writer.write() as session:
                event = BoatArrived(boat=boat)
                outbox.publish(session, event, subject=subject or str(boat), sequence=sequence)

    def consumer(self, handler: object = note_arrival, kind: type[Consumer] = Consumer) -> Consumer:
        return kind("reader", self.reader, {BoatArrived: handler})  # type: ignore[dict-item]

    @asynccontextmanager
    async def reading(self, consumer: Consumer) -> AsyncIterator[EventBus]:
        """Read with the consumer; yield the bus to write to."""
        reading = self._bus("reader")
        await reading.subscribe(consumer)
        writing = self._bus("writer")
        try:
            yield writing
        finally:
            await reading.close()
            await writing.close()

    @asynccontextmanager
    async def open(self, consumer: Consumer) -> AsyncIterator[None]:
        """Let the relay and the reader run as they do in a service."""
        stopping = asyncio.Event()
        async with self.reading(consumer) as bus:
            relay = asyncio.create_task(
                outbox.run_relay(self.writer, bus, stopping, [timedelta(milliseconds=10)])
            )
            try:
                yield
            finally:
                stopping.set()
                self.writer.events_left.set()
                await relay

    async def arrivals(self) -> list[int]:
        async with self.reader.read() as session:
            return sorted((await session.exec(select(Arrival.boat))).all())

    async def dead_letters(self) -> Sequence[DeadLetterColumns]:
        async with self.reader.read() as session:
            return (await session.exec(select(DeadLetter))).all()

    async def sent_again(self) -> None:
        """Forget that anything was sent, as a relay does that is killed before it notes it."""
        async with self.writer.write() as session:
            for row in (await session.exec(select(Outbox))).all():
                row.sent_at = None
                session.add(row)

    async def bodies(self) -> list[bytes]:
        async with self.writer.read() as session:
            found = await session.exec(select(Outbox.body).order_by(col(Outbox.id)))
            return [body.encode() for body in found.all()]

    async def until(self, boats: Sequence[int]) -> None:
        """Wait until these arrived and nothing waits to leave."""

        async def arrived() -> tuple[list[int], int]:
            return await self.arrivals(), await outbox.unsent(self.writer)

        await until(arrived, lambda found: found == (sorted(boats), 0))


class KeyService(OneByOne):
    """Stands in for a key service on the network: a wrapper without a file."""

    def __init__(self) -> None:
        self._cipher = AESGCM(new_secret())
        self.hashing_key = new_secret()

    async def wrap(self, key: bytes, context: str) -> tuple[int, bytes]:
        nonce = secrets.token_bytes(12)
        return 1, nonce + self._cipher.encrypt(nonce, key, context.encode())

    async def unwrap(self, wrapped: bytes, version: int, context: str) -> bytes:
        assert version == 1
        return self._cipher.decrypt(wrapped[:12], wrapped[12:], context.encode())


async def made(url: str, source: str, key_file: Path | None = None) -> Database:
    """Make a database with the road's tables; its keys are in a file, or at a key service."""
    database = Database(url, tables(source))
    async with database.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    wrapper = await crypto.key_file_of(database, key_file) if key_file else KeyService()
    await crypto.open_vault(database, wrapper)
    return database


def unique(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(4)}"
