"""A person's own file: what registration holds, with what is sealed opened."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import subject_file
from services.registration.corrections import service as corrections
from services.registration.erasures.service import FORGETTING
from services.registration.persons import sealed
from services.registration.persons.models import SCOPING, Person
from services.registration.vulnerability import service as vulnerability


async def opened(session: AsyncSession, person_id: UUID) -> Mapping[str, Mapping[Any, Any]]:
    person = await session.get(Person, person_id)
    return {
        "person": await sealed.opened(session, [person] if person else []),
        "correction": {
            correction.id: {"before": before}
            for correction, before in await corrections.opened(session, person_id)
        },
        "vulnerability_assessment": {
            assessment: {"answers": answers}
            for assessment, answers in (await vulnerability.answers_of(session, person_id)).items()
        },
    }


router = subject_file.router("registration", FORGETTING, SCOPING, col(Person.id), opened)
