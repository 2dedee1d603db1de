"""Who is in which household now, read from the register: what everything else follows from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import merged
from chassis.among import among
from services.registration.households.models import HOUSEHOLD, Household, Member
from services.registration.households.rules import HEAD, Fellow
from services.registration.persons.births import FIELDS, Birth
from services.registration.persons.models import Person

COLUMNS = (
    Person.id,
    Person.sex,
    Person.location_pcode,
    Person.population_category,
    Person.departed_on,
    Person.merged_into,
    Person.merged,
    Person.organisation,
    *(getattr(Person, name) for name in FIELDS),
)
"""What of a person decides on their household; nothing of it is sealed."""

IN_ONE_QUERY = 5000
Facts = Any
"""A row of those columns."""


async def lock(
    session: AsyncSession, ids: Iterable[UUID], *, free_ones: bool = False
) -> dict[UUID, Household]:
    """
    Return households that nobody else changes meanwhile, by id; or those that nobody changes now.

    They are locked in one order; who locks persons too does that first.
    """
    statement = (
        select(Household)
        .where(col(Household.id).in_(set(ids)))
        .order_by(col(Household.id))
        .with_for_update(skip_locked=free_ones)
        .execution_options(populate_existing=True)
    )
    return {each.id: each for each in (await session.exec(statement)).all()}


async def members(session: AsyncSession, household_id: UUID) -> Sequence[Member]:
    """Return who is in a household now."""
    statement = select(Member).where(
        col(Member.household_id) == household_id, col(Member.until).is_(None)
    )
    return (await session.exec(statement.order_by(col(Member.id)))).all()


async def with_head(
    session: AsyncSession, organisation: str, references: Sequence[str]
) -> set[str]:
    """Return those of an organisation's households that have a head, or say why there is none."""
    is_head = exists().where(
        col(Member.household_id) == col(Household.id),
        col(Member.until).is_(None),
        func.lower(col(Member.relationship_to_head)) == HEAD,
    )
    found: set[str] = set()
    for start in range(0, len(references), IN_ONE_QUERY):
        some = references[start : start + IN_ONE_QUERY]
        statement = select(Household.household_ref).where(
            col(Household.organisation) == organisation,
            col(Household.kind) == HOUSEHOLD,
            among(session, col(Household.household_ref), some),
            or_(is_head, col(Household.head_absence).is_not(None)),
        )
        found.update(ref for ref in await session.exec(statement) if ref)
    return found


async def household_of(session: AsyncSession, person_id: UUID) -> Member | None:
    """Return where a registration is in a household, if in any."""
    statement = select(Member).where(
        col(Member.person_id) == person_id,
        col(Member.until).is_(None),
        col(Member.kind) == HOUSEHOLD,
    )
    return (await session.exec(statement)).one_or_none()


async def beside(session: AsyncSession, people: Collection[UUID], organisation: str) -> set[UUID]:
    """
    Return in which households people are by another registration of theirs; mostly in none.

    Whoever is in two counts in one of them: where people come or go decides in which.
    """
    others = await merged.registrations_of_all(session, Person, people) - set(people)
    if not others:
        return set()
    statement = (
        select(Member.household_id)
        .join(Household, col(Household.id) == col(Member.household_id))
        .where(
            col(Member.person_id).in_(others),
            col(Member.until).is_(None),
            col(Member.kind) == HOUSEHOLD,
            col(Household.organisation) == organisation,
        )
    )
    return set((await session.exec(statement)).all())


async def fellows(
    session: AsyncSession, household_ids: Collection[UUID]
) -> dict[UUID, list[Fellow]]:
    """Return who is in each of these households now, by two queries while nobody is merged."""
    here = select(Member).where(
        col(Member.household_id).in_(household_ids), col(Member.until).is_(None)
    )
    rows = (await session.exec(here.order_by(col(Member.id)))).all()
    facts = await _facts(session, {each.person_id for each in rows})
    whose = _those_who_go_on(facts)
    first = await _where_each_counts(session, rows, facts, whose)
    found: dict[UUID, list[Fellow]] = {each: [] for each in household_ids}
    for row in _the_kept_before_the_merged(rows, whose):
        if row.person_id in whose:
            known = found[row.household_id]
            known.append(_fellow(row, facts[whose[row.person_id]], known, first))
    return found


def _is_merged(person: Facts) -> bool:
    return bool(person.merged_into or person.merged)


def _the_kept_before_the_merged(
    rows: Sequence[Member], whose: Mapping[UUID, UUID]
) -> Sequence[Member]:
    return sorted(rows, key=lambda each: whose.get(each.person_id) != each.person_id)


def _fellow(
    row: Member, person: Facts, known: Sequence[Fellow], first: Mapping[UUID, UUID]
) -> Fellow:
    twice = any(each.person_id == person.id for each in known)
    elsewhere = row.kind == HOUSEHOLD and first.get(person.id, row.household_id) != row.household_id
    return Fellow(
        member_id=row.id,
        registration_id=row.person_id,
        person_id=person.id,
        relationship=row.relationship_to_head,
        sex=person.sex,
        birth=Birth.of(person),
        place=person.location_pcode,
        category=person.population_category,
        departed=person.departed_on is not None,
        counts=not (twice or elsewhere or person.departed_on),
        elsewhere=elsewhere,
    )


async def _facts(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Facts]:
    """Return what is known of people, and of the registrations that go on instead of theirs."""
    found: dict[UUID, Facts] = {}
    while missing := ids - found.keys():
        rows = (await session.exec(select(*COLUMNS).where(col(Person.id).in_(missing)))).all()
        found |= {each.id: each for each in rows}
        ids = {each.merged_into for each in rows if each.merged_into}
    return found


def _those_who_go_on(facts: Mapping[UUID, Facts]) -> dict[UUID, UUID]:
    """
    Return for each registration the one that goes on, which is itself for who is not merged.

    A household is its organisation's own: it knows nothing of what another one keeps of a member.
    """

    def follow(id_: UUID) -> UUID:
        goes_on = id_
        while into := facts[id_].merged_into:
            id_ = into
            if facts[id_].organisation == facts[goes_on].organisation:
                goes_on = id_
        return goes_on

    return {id_: follow(id_) for id_ in facts}


async def _where_each_counts(
    session: AsyncSession,
    rows: Sequence[Member],
    facts: Mapping[UUID, Facts],
    whose: Mapping[UUID, UUID],
) -> dict[UUID, UUID]:
    """
    Return the household that counts each person who has several registrations.

    A merge moves nobody: who was in two households by two registrations is counted where the one
    that goes on is, or else where they were first.
    """
    several = {
        whose[row.person_id]
        for row in rows
        if row.person_id in whose
        and (facts[row.person_id].merged_into or facts[row.person_id].merged)
    }
    found: dict[UUID, UUID] = {}
    for person_id in sorted(several):
        registrations = await merged.registrations_here(session, Person, person_id)
        of_theirs = select(Member).where(
            col(Member.person_id).in_(registrations),
            col(Member.until).is_(None),
            col(Member.kind) == HOUSEHOLD,
        )
        in_order = sorted(
            (await session.exec(of_theirs)).all(),
            key=lambda each: (each.person_id != person_id, each.id),
        )
        if in_order:
            found[person_id] = in_order[0].household_id
    return found
