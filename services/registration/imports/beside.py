"""
The rows of a large register, made in a process of their own while this one keeps those before.

To read, validate and seal somebody takes twice as long as to keep them, and of one process's
threads one runs at a time. The other process is told its order by its standard input, and answers
with one step after the other; it knows no database, and of the keys only the one that hashes. It
ends as soon as nobody reads what it makes, so whoever kills this one leaves no other behind.
"""

import asyncio
import os
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from typing import NamedTuple

from chassis import collector, crypto
from chassis.db import Database, Outside, vault_of
from chassis.vault import HashesOnly, Vault
from chassis.worker import Work
from services.registration.imports import reading
from services.registration.imports.reading import NextStep
from services.registration.mappings.models import MappingIn
from services.registration.persons.making import By
from services.registration.tables import TABLES

FROM_ROWS = 20_000
"""So many make up for the two seconds in which the other process starts."""
PROCESSORS = 2


class Order(NamedTuple):
    """What is to be made: the rows of a register's sheet after a position, so many in a step."""

    content: bytes
    mapping: MappingIn | None
    position: int
    most: int
    by: By
    sheet: str | None = None


def pays(work: Work) -> bool:
    """
    Say whether a process of their own makes the rows of a job sooner.

    A job that has failed before does without: it may be for want of memory that it did.
    """
    is_large = work.job.total - work.job.position >= FROM_ROWS
    has_room = not work.database.is_sqlite and len(os.sched_getaffinity(0)) >= PROCESSORS
    return is_large and has_room and not work.job.failures


@asynccontextmanager
async def making(database: Database, order: Order) -> AsyncIterator[NextStep]:
    """Yield what waits for the next step; it fails if the other process has died."""
    key = vault_of(database).wrapper.hashing_key
    process = await asyncio.to_thread(_begun, order, key)
    assert process.stdout  # noqa: S101 - It was asked for.
    try:
        yield partial(pickle.load, process.stdout)
    finally:
        await asyncio.to_thread(_end, process)


def _begun(order: Order, hashing_key: bytes) -> "subprocess.Popen[bytes]":
    # It finds our modules where we do, and needs nothing of what the service was set up with.
    environment = {name: each for name, each in os.environ.items() if not name.startswith("MASAR_")}
    process = subprocess.Popen(  # noqa: S603 - The arguments are ours.
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        # A key that is typed to stop the service is for the service alone, which stops this.
        start_new_session=True,
    )
    assert process.stdin  # noqa: S101 - It was asked for.
    with process.stdin as told:
        pickle.dump((order, hashing_key), told)
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    with process:
        process.kill()


def main() -> None:
    """Make the steps of an order; the last one is empty."""
    collector.begin()
    order, hashing_key = pickle.load(sys.stdin.buffer)  # noqa: S301 - It comes from who started us.
    keys = Vault(HashesOnly(hashing_key), crypto.DataKey(crypto.SERVICE, None))
    make = reading.making_for(Outside(TABLES, keys), order.by)
    whole = reading.rows_in(order.content, order.mapping, order.sheet)
    rows = islice(whole, order.position, None)
    is_left = True
    while is_left:
        step = reading.read(rows, order.most, order.mapping, make)
        pickle.dump(step, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()
        is_left = bool(step)


if __name__ == "__main__":
    try:
        main()
    except Exception:  # noqa: BLE001 - Its text may be personal; the job is tried again without us, and tells.
        os._exit(1)
