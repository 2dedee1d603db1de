"""Who is called so, or nearly so, of those whom the caller may see: the search by name."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    bindparam,
    cast,
    literal_column,
    union_all,
)
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select as Whole

from chassis.among import one_of
from chassis.authz import Access
from chassis.scoping import Clause
from chassis.tables import core_table
from chassis.views import View
from services.registration.matching.spelling import words
from services.registration.persons.births import FIELDS
from services.registration.persons.finding import Terms, matching, shared
from services.registration.persons.models import SCOPING, Person
from services.registration.persons.names import LATIN, NAMES
from services.registration.persons.service import SHAPE, shown
from services.registration.persons.shapes import PersonOut
from services.registration.persons.theirs import FEW, theirs
from services.registration.searches import bearers
from services.registration.searches.bearers import Conditions, Shape
from services.registration.searches.models import NameKey
from services.registration.searches.ranking import Ranking
from services.registration.searches.rules import IDENTIFYING, MOST_HITS

MOST_RANKED = 1000
"""With so many at most is compared what is asked for; the rest are not as likely."""
FIRST_RANKED = 100
"""Among so many there mostly are enough who fit perfectly, so that nobody else need be read."""
MOST_WITH_ONE_MISSING = 200
"""So many are looked at who lack a word; of too many nobody is told apart."""
STATEMENTS = 128
"""So many are kept, of some 100 kB each: a few shapes of a search for each of who search now."""
NONE = "[]"
BORNE = (*NAMES, *LATIN.values())
PERSONS, NAME_KEYS = core_table(Person), core_table(NameKey)
RANKED = sql_select(
    PERSONS.c.id,
    # Hardly anybody has one: reading them as they stand is quicker than as lists.
    cast(PERSONS.c.other_names, Text).label("other_names"),
    *(PERSONS.c[name] for name in (*BORNE, *FIELDS)),
)
"""By what people are ranked: making objects of whole rows takes longer than ranking them."""
NARROWING: Mapping[str, Clause] = {
    "sex": col(Person.sex) == bindparam("sex"),
    "nationality": col(Person.nationality) == bindparam("nationality"),
    # A p-code has letters and digits only.
    "location_pcode": col(Person.location_pcode).startswith(bindparam("location_pcode")),
}

Ways = Callable[[Shape], list[Conditions]]


async def find(
    session: AsyncSession, access: Access, terms: Terms, *, limit: int
) -> list[PersonOut]:
    """
    Return the persons whose names are spellings of the one that is told, the likeliest first.

    At most MOST_HITS: who finds no one among them tells more of the person, and does not leaf on.
    """
    view = View(access, SHAPE, SCOPING)
    asked = words(terms.name or "")
    if not asked:
        # It is in letters that no name is kept by: figures, or a script that is not known here.
        return []
    ranking = Ranking(asked, terms.born_in)
    told = terms.told()
    used = list(_used(told.keys()))
    seen = Seen(
        # Of most fields it is the same condition.
        tuple(dict.fromkeys([access.rows(SCOPING), *map(view.showing, used)])),
        tuple(each for each in NARROWING if each in told),
        (*matching(session, view, terms), *shared(access, view, terms)),
        theirs(access.who()) if any(view.scopes(each) <= FEW for each in used) else None,
    )
    if told.keys() & IDENTIFYING:
        await _weigh(session, ranking, seen.people().limit(MOST_RANKED), _narrowed(told))
    else:
        await _weigh_bearers(session, ranking, asked, terms, seen)
    ids = ranking.best(min(limit, MOST_HITS))
    whole = _whole(access.rows(SCOPING), view.standing, session.get_bind().dialect.name)
    found = await session.exec(whole, params={"ids": ids})
    people = {person.id: (person, standing) for person, standing in found}
    return await shown(session, view, [people[each] for each in ids if each in people])


class Seen(NamedTuple):
    """Among whom is searched: whom the caller sees of those who share what is told of them."""

    by: tuple[Clause, ...]
    narrowed: tuple[str, ...]
    also: tuple[Clause, ...]
    """Conditions of this search alone."""
    few: CompoundSelect[Any] | None
    """Who it may be, where these are few."""

    def people(self) -> Select[Any]:
        return RANKED.where(*self.by, *self.also, *(NARROWING[each] for each in self.narrowed))


def _used(told: Collection[str]) -> Iterator[str]:
    """Yield by what is searched: it must be seen of whoever is found."""
    yield from (*BORNE, "other_names")
    yield from (each for each in NARROWING if each in told)
    if "born_in" in told:
        yield "birth_date"


def _narrowed(told: Mapping[str, str]) -> dict[str, str]:
    return {each: told[each] for each in NARROWING if each in told}


async def _weigh_bearers(
    session: AsyncSession, ranking: Ranking, asked: Collection[str], terms: Terms, seen: Seen
) -> None:
    """Weigh whom the words find, the likeliest first, until nobody else can fit better."""
    sought = await bearers.sought(
        session,
        asked,
        born_in=terms.born_in,
        place=terms.location_pcode,
        nationality=terms.nationality,
    )
    made = _found if not seen.also else _found.__wrapped__
    values = sought.parameters | _narrowed(terms.told())
    for most in (min(FIRST_RANKED, MOST_RANKED), MOST_RANKED):
        statement = made(seen, sought.shape, bearers.with_all, most)
        found = await _weigh(session, ranking, statement, values)
        # Nobody who is still to come would fit better than perfectly.
        if found < most or ranking.perfect() >= MOST_HITS:
            break
    # Who lacks a word and bears the others as they are spelt fits as well as that.
    if sought.shape.may_lack_one and ranking.with_all() < MOST_HITS:
        most = MOST_WITH_ONE_MISSING
        statement = made(seen, sought.shape, bearers.with_all_but_one, most)
        await _weigh(session, ranking, statement, values)


async def _weigh(
    session: AsyncSession, ranking: Ranking, statement: Any, values: Mapping[str, Any]
) -> int:
    """Weigh whom a statement finds, and return how many it found."""
    found = (await (await session.connection()).execute(statement, values)).all()
    for person_id, others, *told in found:
        names, birth = told[: len(BORNE)], tuple(told[len(BORNE) :])
        if others != NONE:
            names += json.loads(others)
        ranking.weigh(person_id, names, birth)
    return len(found)


# A statement takes longer to make than to be answered.
@lru_cache(maxsize=STATEMENTS)
def _found(seen: Seen, shape: Shape, ways: Ways, most: int) -> Select[Any]:
    """Return who is found in one of the ways, `most` at most: who comes first is found first."""
    each = [sql_select(NAME_KEYS.c.person_id).where(*way) for way in ways(shape)]
    bearing = union_all(*each).subquery("bearing")
    people = seen.people().join(bearing, bearing.c.person_id == PERSONS.c.id)
    if seen.few is not None:
        people = people.where(bearing.c.person_id.in_(seen.few))
    # As a parameter PostgreSQL would not know how few that is when it plans.
    return people.limit(literal_column(str(most)))


@lru_cache(maxsize=STATEMENTS)
def _whole(reached: Clause, standing: ColumnElement[int], dialect: str) -> Whole[Person, int]:
    return select(Person, standing).where(one_of(dialect, col(Person.id), "ids"), reached)
