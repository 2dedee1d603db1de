"""
The head of the chain is told outside the database, so that a chain that was cut shows.

A file of lines that is only ever added to. Each line's MAC covers the line before, so none can be
taken out of the middle; its key is the service's, which the database does not hold.
"""

import asyncio
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from prometheus_client import Gauge
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.audit.chain import head
from chassis.audit.entries import Actor, note
from chassis.caller import Caller
from chassis.clock import now
from chassis.db import Database, vault_of
from chassis.tables import core_table
from chassis.telemetry import REGISTRY
from chassis.turns import take_turns
from chassis.vault import Vault
from chassis.wake import rest

log = structlog.get_logger()

ANCHOR_EVERY = timedelta(minutes=10)
LOOK_SECONDS = 30.0
TURN = "audit.anchor"
OWNER_ONLY = 0o600
AUDIT_BROKEN = Gauge(
    "masar_audit_broken",
    "1 when the audit chain is not as it was written: by its anchors, or by the daily walk.",
    ["service", "found_by"],
    registry=REGISTRY,
)


class Line(NamedTuple):
    """
    What was told at `at`: the chain had the hash at `seq`.

    `restored_to` is set when somebody declared that the database was restored: of the lines
    before, those after seal `kept` tell of a chain that is gone.
    """

    at: datetime
    seq: int
    hash: str
    mac: str
    restored_to: str | None = None
    kept: int = 0
    by: str | None = None


class AnchorError(Exception):
    """The file of anchors was altered; the text says at which line."""


class Anchors:
    """The file of one service."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self.path = path
        self._vault = vault

    def read(self) -> list[Line]:
        """Return every line; AnchorError at the first that does not follow from those before."""
        if not self.path.exists():
            return []
        lines: list[Line] = []
        for number, text in enumerate(self.path.read_text().splitlines(), 1):
            try:
                told = json.loads(text)
                mac = told.pop("mac")
                right = hmac.compare_digest(mac, self._mac(told, lines))
                line = Line(**told | {"at": datetime.fromisoformat(told["at"])}, mac=mac)
            except (ValueError, KeyError, TypeError) as error:
                raise AnchorError(f"Line {number} of the anchors cannot be read.") from error
            if not right:
                raise AnchorError(f"Line {number} of the anchors was altered, or one before it.")
            lines.append(line)
        return lines

    def add(self, lines: Sequence[Line], **told: Any) -> None:
        """Add a line after these, which are all there are, and wait until it is on the disk."""
        told["mac"] = self._mac(told, lines)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, OWNER_ONLY)
        with os.fdopen(handle, "w") as file:
            file.write(json.dumps(told, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _mac(self, told: Mapping[str, Any], lines: Sequence[Line]) -> str:
        before = lines[-1].mac if lines else ""
        return self._vault.keyed_hash("audit.anchor", before + json.dumps(told, sort_keys=True))


class Departure(NamedTuple):
    """Where the chain is not as an anchor says: at a seal that is gone, or is another one."""

    seq: int
    kind: str


async def departure(database: Database, lines: Sequence[Line]) -> Departure | None:
    """Return the first seal that an anchor tells of and the chain does not have so."""
    seal = core_table(database.tables.audit_seal)
    wanted = expected(lines)
    async with database.read() as session:
        connection = await session.connection()
        last, _ = await head(connection, database.tables)
        for seq in sorted(wanted):
            if seq > last:
                return Departure(last + 1, "truncated")
            found = await connection.execute(select_hash(seal, seq))
            if found.scalar_one_or_none() != bytes.fromhex(wanted[seq]):
                return Departure(seq, "rewritten")
    return None


def select_hash(seal: Any, seq: int) -> Any:
    return seal.select().with_only_columns(seal.c.hash).where(seal.c.seq == seq)


def expected(lines: Sequence[Line]) -> dict[int, str]:
    """Return the hashes that the chain must have, without those that a restore lost."""
    wanted: dict[int, str] = {}
    for line in lines:
        if line.restored_to:
            wanted = {seq: told for seq, told in wanted.items() if seq <= line.kept}
        if line.seq:
            wanted[line.seq] = line.hash
    return wanted


async def anchor(database: Database, anchors: Anchors, every: timedelta = ANCHOR_EVERY) -> bool:
    """Tell of the head if that is due and there is news; say whether it was told."""
    async with database.write() as session:
        await take_turns(session, TURN)
        lines = await asyncio.to_thread(anchors.read)
        if lines and now() - lines[-1].at < every:
            return False
        seq, digest = await head(await session.connection(), database.tables)
        if lines and lines[-1].seq == seq:
            return False
        if gone := await departure(database, lines):
            # A new anchor would not hide the old ones, but it would look as if all were well.
            raise AnchorError(f"The chain was {gone.kind} at seal {gone.seq}.")
        told = {"at": now().isoformat(), "seq": seq, "hash": digest.hex()}
        await asyncio.to_thread(lambda: anchors.add(lines, **told))
    return True


async def declare_restore(
    session: AsyncSession,
    database: Database,
    anchors: Anchors,
    restored_to: datetime,
    by: Caller | Actor,
) -> Line:
    """
    Tell, in the chain and in the anchors, that the database was restored to a point in time.

    What the anchors told before and the chain has lost is no fault from then on; that it was
    lost, when, and who said so stays to be seen.
    """
    await take_turns(session, TURN)
    lines = await asyncio.to_thread(anchors.read)
    gone = await departure(database, lines)
    kept = max((seq for seq in expected(lines) if not gone or seq < gone.seq), default=0)
    seq, digest = await head(await session.connection(), database.tables)
    moment = restored_to.isoformat()
    note(session, by, "declare_restore", "audit_chain", reason=f"restored to {moment}")
    told = {
        "at": now().isoformat(),
        "seq": seq,
        "hash": digest.hex(),
        "restored_to": moment,
        "kept": kept,
        "by": by.id,
    }
    # It comes before the commit: a declaration that is in the file alone excuses no more.
    await asyncio.to_thread(lambda: anchors.add(lines, **told))
    return (await asyncio.to_thread(anchors.read))[-1]


def anchors_of(database: Database, folder: Path) -> Anchors:
    return Anchors(folder / f"{database.tables.source}.jsonl", vault_of(database))


async def run_anchors(database: Database, anchors: Anchors, stopping: asyncio.Event) -> None:
    """Anchor every ANCHOR_EVERY until told to stop."""
    service = database.tables.source
    while not stopping.is_set():
        try:
            await anchor(database, anchors)
            AUDIT_BROKEN.labels(service, "anchors").set(0)
        except AnchorError as error:
            AUDIT_BROKEN.labels(service, "anchors").set(1)
            log.critical("audit_broken", service=service, detail=str(error))
        except Exception as error:  # noqa: BLE001 - The next turn may find the database again.
            log.error("not_anchored", service=service, error=type(error).__name__)
        await rest(stopping, LOOK_SECONDS)
