"""The evidence in a return case, sealed under the person's key."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.unsealed import plain
from services.returns.cases.models import Case

log = structlog.get_logger()

TABLE = "return_case"
Steps = dict[str, Any]
MASKED: Steps = {"masked": True}


def seal(key: crypto.DataKey, case: Case, steps: Mapping[str, Any]) -> bytes:
    return key.seal(TABLE, "steps", json.dumps(steps), row=case.id)


def owner(case: Case) -> UUID:
    """Return whose case it is; one whose person was erased is found by nobody who would ask."""
    assert case.person_id is not None  # noqa: S101 - It is linked to somebody, or not found.
    return case.person_id


def open_steps(keys: crypto.Keys, case: Case) -> Steps:
    """Return the steps; UnreadableError when the person's key is gone."""
    steps: Steps = json.loads(keys[owner(case)].open(TABLE, "steps", case.steps, row=case.id))
    return steps


async def opened(session: AsyncSession, cases: Sequence[Case]) -> dict[UUID, Steps]:
    """Return the steps of each case by one query for all keys, masked where they are erased."""
    if not cases:
        return {}
    keys = await crypto.subject_keys(session, {owner(case) for case in cases})
    return {case.id: _open_or_mask(keys, case) for case in cases}


def _open_or_mask(keys: crypto.Keys, case: Case) -> Steps:
    try:
        return open_steps(keys, case)
    except crypto.UnreadableError as error:
        log.warning("unreadable", reason=type(error).__name__, field=str(error))
        return MASKED


async def seal_cases(session: AsyncSession, cases: Sequence[Case]) -> None:
    """Seal what an older version kept in the clear."""
    keys = await crypto.subject_keys(session, {owner(case) for case in cases}, create=True)
    for case in cases:
        case.steps = seal(keys[owner(case)], case, json.loads(plain(case.steps)))
        session.add(case)
