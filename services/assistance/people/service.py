"""What can be told of a person. Callers own the transaction."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import not_found
from chassis.views import View
from services.assistance.entitlements import service as entitlements
from services.assistance.households import service as households
from services.assistance.people.models import Person, PersonOut
from services.assistance.scoping import PEOPLE


async def see(session: AsyncSession, person_id: UUID, access: Access) -> PersonOut:
    """Return as much of what assistance knows of a person as the caller may see."""
    view = View(access, PersonOut.shape, PEOPLE)
    statement = select(Person, view.standing).where(
        col(Person.id) == person_id, access.rows(PEOPLE)
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("person")
    person, standing = found
    values = {
        "id": person.id,
        "status": "departed" if person.departed_on else "known",
        "departed_on": person.departed_on,
        "merged_into": person.merged_into,
        **await households.of_person(session, person.id),
        "entitlements": [
            entitlement.model_dump(include={"id", "programme_id", "status"})
            | {"programme": programme.name, "item": programme.item_name}
            for entitlement, programme in await entitlements.of_person(session, access, person_id)
        ],
    }
    return view.shown(PersonOut, values, standing)
