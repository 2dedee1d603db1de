"""A person's own file: what returns holds, with the steps of their cases opened."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import subject_file
from services.returns.cases import sealed
from services.returns.cases.models import Case
from services.returns.erasures.handlers import FORGETTING
from services.returns.people.models import SCOPING, Person


async def opened(session: AsyncSession, person_id: UUID) -> Mapping[str, Mapping[Any, Any]]:
    cases = (await session.exec(select(Case).where(col(Case.person_id) == person_id))).all()
    steps = await sealed.opened(session, cases)
    return {"return_case": {case_id: {"steps": each} for case_id, each in steps.items()}}


router = subject_file.router("returns", FORGETTING, SCOPING, col(Person.id), opened)
