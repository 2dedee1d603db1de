"""What can be done with mappings. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from chassis.scoping import Clause
from chassis.turns import take_turns
from chassis.versions import changed
from services.registration.mappings import rules
from services.registration.mappings.models import (
    SCOPING,
    Mapping,
    MappingIn,
    MappingOut,
    MappingVersion,
)

RESOURCE = "mapping"


async def save(session: AsyncSession, form: MappingIn, access: Access) -> MappingOut:
    """Save a mapping under a name that the organisation has not used yet; 409 if it has."""
    rules.check(form)
    caller = access.caller
    await _names_in_turn(session, caller.organisation)
    mapping = Mapping(organisation=caller.organisation, name=form.name, created_by=caller.id)
    if not await insert_new(session, mapping):
        raise _name_taken()
    audit.note(session, caller, "create", RESOURCE, mapping.id)
    return _shown(mapping.id, await _keep(session, mapping, form, caller.id))


async def correct(
    session: AsyncSession, mapping_id: UUID, form: MappingIn, access: Access, *, expected: int
) -> MappingOut:
    """Write the next version of a mapping; what goes on by an earlier one goes on by it."""
    rules.check(form)
    wanted = select(Mapping).where(col(Mapping.id) == mapping_id, access.rows(SCOPING))
    mapping = (await session.exec(wanted.with_for_update())).one_or_none()
    if mapping is None:
        raise not_found(RESOURCE)
    if mapping.version != expected:
        raise changed(RESOURCE)
    await _names_in_turn(session, mapping.organisation)
    same_name = select(Mapping.id).where(
        col(Mapping.organisation) == mapping.organisation,
        col(Mapping.name) == form.name,
        col(Mapping.id) != mapping.id,
    )
    if (await session.exec(same_name)).first():
        raise _name_taken()
    mapping.name, mapping.version = form.name, mapping.version + 1
    session.add(mapping)
    audit.note(session, access.caller, "update", RESOURCE, mapping.id)
    return _shown(mapping.id, await _keep(session, mapping, form, access.caller.id))


async def get(session: AsyncSession, mapping_id: UUID, access: Access) -> MappingOut:
    found = await find(session, access, col(Mapping.id) == mapping_id)
    if not found:
        raise not_found(RESOURCE)
    return found[0]


async def find(
    session: AsyncSession, access: Access, *conditions: Clause, limit: int | None = None
) -> Sequence[MappingOut]:
    """Return mappings as they stand, oldest first."""
    current = col(MappingVersion.version) == col(Mapping.version)
    return await _read(session, access, current, *conditions, limit=limit)


async def versions(session: AsyncSession, mapping_id: UUID, access: Access) -> Sequence[MappingOut]:
    found = await _read(session, access, col(Mapping.id) == mapping_id)
    if not found:
        raise not_found(RESOURCE)
    return found


async def current(
    session: AsyncSession, mapping_id: UUID, access: Access, *, to: str = "R"
) -> MappingVersion:
    """Return the version by which work begins now; 404 if it is not there for this caller."""
    statement = (
        select(MappingVersion)
        .join(Mapping, col(Mapping.id) == col(MappingVersion.mapping_id))
        .where(
            col(Mapping.id) == mapping_id,
            col(MappingVersion.version) == col(Mapping.version),
            access.rows(SCOPING, RESOURCE, to),
        )
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found(RESOURCE)
    return found


async def version(session: AsyncSession, mapping_id: UUID, number: int) -> MappingIn:
    return (await session.get_one(MappingVersion, (mapping_id, number))).told()


async def newest(session: AsyncSession, mapping_id: UUID) -> MappingIn:
    """Return what a mapping says now, for work that nobody asks for each time."""
    mapping = await session.get_one(Mapping, mapping_id)
    return await version(session, mapping_id, mapping.version)


async def _read(
    session: AsyncSession, access: Access, *conditions: Clause, limit: int | None = None
) -> Sequence[MappingOut]:
    statement = (
        select(Mapping.id, MappingVersion)
        .join(MappingVersion, col(MappingVersion.mapping_id) == col(Mapping.id))
        .where(access.rows(SCOPING), *conditions)
        .order_by(col(Mapping.id), col(MappingVersion.version))
        .limit(limit)
    )
    found = (await session.exec(statement)).all()
    audit.read(RESOURCE, [mapping_id for mapping_id, _ in found])
    return [_shown(mapping_id, each) for mapping_id, each in found]


async def _keep(
    session: AsyncSession, mapping: Mapping, form: MappingIn, by: str
) -> MappingVersion:
    kept = MappingVersion(
        mapping_id=mapping.id, version=mapping.version, content=form.model_dump(), made_by=by
    )
    session.add(kept)
    return kept


def _shown(mapping_id: UUID, version: MappingVersion) -> MappingOut:
    return MappingOut(
        **version.content | version.model_dump(include={"version", "made_by", "made_at"}),
        id=mapping_id,
    )


async def _names_in_turn(session: AsyncSession, organisation: str) -> None:
    # Two who give the same name at once would each not see the other's.
    await take_turns(session, f"names of mappings {organisation}")


def _name_taken() -> Problem:
    return Problem(409, "conflict", "Your organisation has another mapping of this name.")
