"""
Looks through the audit for planted persons who were opened, and for accounts that were refused.

A request does nothing for this: what it has read is on record before its answer leaves, whoever
it was. So a planted person is answered as any other, in the same time, and no alert is lost.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.audit.following import last_seal, sealed_between
from chassis.clock import now
from chassis.db import Database
from chassis.rows import insert_new, put
from chassis.turns import try_turn
from contracts.registration import AccountFrozen, AlertRaised
from services.registration.honey import rules
from services.registration.honey.models import (
    Alert,
    DeniedReads,
    FrozenAccount,
    HoneyRecord,
    WatchPosition,
)

log = structlog.get_logger()

SECONDS = 5.0
"""How often it is looked; with the second that a seal takes, an alert is there within seven."""
MOST_SEALS = 5000
KEPT_FOR = timedelta(days=7)
HERE = "honey"


async def look(database: Database) -> None:
    """Take up what was sealed since the last look, and know which accounts are frozen."""
    async with database.read() as session:
        # Looking first keeps an idle watch from taking SQLite's one write lock.
        at, head = await _position(session), await last_seal(session)
    while at < head:
        until = min(head, at + MOST_SEALS)
        async with database.write() as session:
            if not await try_turn(session, "honey.watch"):
                break
            at = await _position(session)
            if at < until:
                await _take_up(session, at, until)
                await put(session, WatchPosition(name=HERE, seq=until))
        at = until
    async with database.read() as session:
        found = await session.exec(select(FrozenAccount.account))
        database.frozen = frozenset(found.all())


async def _position(session: AsyncSession) -> int:
    found = await session.get(WatchPosition, HERE, populate_existing=True)
    return found.seq if found else 0


async def _take_up(session: AsyncSession, after: int, until: int) -> None:
    refused = await sealed_between(session, after, until, decision="refused")
    opened = await _opened(session, after, until)
    await _count(session, [row for row in refused if row.action == "read" and row.reason == "404"])
    for honey, entry in opened:
        await _raise(session, honey, entry)
    accounts = {row.actor for row in refused} | {entry.actor for _, entry in opened}
    for account in sorted(accounts):
        await freeze_if_due(session, account)


async def _opened(session: AsyncSession, after: int, until: int) -> list[tuple[HoneyRecord, Any]]:
    """Return the entries that say that somebody opened a planted person, in their order."""
    planted = {each.subject_hash: each for each in await _planted(session)}
    if not planted:
        return []
    entries = await sealed_between(session, after, until, about=list(planted))
    told = [(planted[entry.subject], entry) for entry in entries]
    return [(honey, entry) for honey, entry in told if is_opening(entry, honey.planted_by)]


async def _planted(session: AsyncSession) -> Sequence[HoneyRecord]:
    return (await session.exec(select(HoneyRecord))).all()


def is_opening(entry: Any, planted_by: str) -> bool:
    """Say whether an entry about a planted person tells that somebody opened them unknowing."""
    return (
        entry.decision == "allowed"
        and entry.reason != rules.LISTED
        and entry.resource not in rules.UNSUSPICIOUS
        and entry.actor != planted_by
        and not entry.actor.startswith(rules.SYSTEM)
    )


async def _count(session: AsyncSession, refused: Sequence[Any]) -> None:
    counted = Counter((row.actor, rules.hour_of(row.at)) for row in refused)
    for (account, hour), reads in counted.items():
        await count(session, account, hour, reads)
    await session.exec(delete(DeniedReads).where(col(DeniedReads.hour) < now() - KEPT_FOR))


async def count(session: AsyncSession, account: str, hour: datetime, reads: int) -> None:
    """Count reads that an account was denied in an hour."""
    row = DeniedReads(account=account, hour=hour, reads=reads)
    if not await insert_new(session, row):
        known = await session.get(DeniedReads, (account, hour), with_for_update=True)
        assert known  # noqa: S101 - It was in the way a moment ago, and only old ones are dropped.
        known.reads += reads
        session.add(known)


async def _raise(session: AsyncSession, honey: HoneyRecord, entry: Any) -> None:
    """Tell the data-protection officer; what they have not looked at yet only counts on."""
    waiting = select(Alert).where(
        col(Alert.account) == entry.actor,
        col(Alert.person_id) == honey.person_id,
        col(Alert.reviewed_at).is_(None),
    )
    known = (await session.exec(waiting)).first()
    if known:
        known.openings += 1
        known.last_opened_at = entry.at
        session.add(known)
        return
    alert = Alert(
        person_id=honey.person_id,
        organisation=honey.organisation,
        location_pcode=honey.location_pcode,
        account=entry.actor,
        account_organisation=entry.organisation,
        roles=entry.roles,
        action=entry.action,
        resource=entry.resource,
        opened_at=entry.at,
        last_opened_at=entry.at,
    )
    session.add(alert)
    audit.note(session, audit.system("honey"), "alert", "alert", alert.id)
    raised = AlertRaised(alert_id=alert.id, account=alert.account, opened_at=alert.opened_at)
    outbox.publish(session, raised, subject=str(alert.id), sequence=1)
    log.warning("alert_raised", alert=str(alert.id))


async def freeze_if_due(session: AsyncSession, account: str) -> None:
    """Freeze an account that opened a planted person and was denied too many reads besides."""
    suspicions = select(Alert).where(
        col(Alert.account) == account, col(Alert.finding).is_distinct_from("harmless")
    )
    await session.flush()
    alert = (await session.exec(suspicions.order_by(col(Alert.id)))).first()
    denied = (await denied_reads(session, [account], now())).get(account, 0)
    if alert and denied >= rules.MOST_DENIED:
        await freeze(session, alert)


async def freeze(session: AsyncSession, alert: Alert) -> None:
    """Let registration answer the account of an alert no more, from the next look on."""
    account = alert.account
    frozen = FrozenAccount(account=account, alert_id=alert.id)
    if not await insert_new(session, frozen):
        return
    alert.version += 1
    session.add(alert)
    audit.note(session, audit.system("honey"), "freeze", "alert", alert.id)
    told = AccountFrozen(alert_id=alert.id, account=account, frozen_at=frozen.frozen_at)
    outbox.publish(session, told, subject=str(alert.id), sequence=alert.version)
    log.warning("account_frozen", alert=str(alert.id))


async def denied_reads(
    session: AsyncSession, accounts: Sequence[str], moment: datetime
) -> dict[str, int]:
    """Return how many reads each account was denied within the last day."""
    statement = (
        select(DeniedReads.account, func.sum(DeniedReads.reads))
        .where(col(DeniedReads.account).in_(accounts))
        .where(col(DeniedReads.hour) >= rules.counted_since(moment))
        .group_by(col(DeniedReads.account))
    )
    return {account: int(reads) for account, reads in (await session.exec(statement)).all()}
