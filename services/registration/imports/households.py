"""What the rows of a register say of households that wants a look; nothing of it is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from sys import intern
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.jobs import Remark
from services.registration.households import membership
from services.registration.households.rules import Flag, contradicts, is_head, is_relative
from services.registration.persons.births import Span
from services.registration.persons.models import PersonIn

MOST_TOLD = 500
"""So many remarks are kept of one file: each household says for itself what is to be looked at."""
MOST_HELD = 50_000
"""So many households are held at once; a register seldom has people of one so far apart."""
COLUMNS: dict[Flag, str] = {
    "head_missing": "relationship_to_head",
    "two_heads": "relationship_to_head",
    "two_places": "location_pcode",
}
UNKNOWN = Span(None, None)


class Relative(NamedTuple):
    """Who may turn out to be older or younger than they can be, and the column that says so."""

    row: int
    relationship: str
    born: Span
    column: str


@dataclass(slots=True)
class AsRead:
    """What was read of a household: its first row, and of its head the number, row and birth."""

    row: int
    place: str
    head: str | None = None
    head_row: int = 0
    born: Span = UNKNOWN
    before_the_head: tuple[Relative, ...] = ()
    told: frozenset[str] = frozenset()


class Households:
    """
    Goes through the rows of a file, or of a submission, and says what is odd of a household once.

    It knows what the file says, and not who was in a household before.
    """

    def __init__(self) -> None:
        self._held: dict[str, AsRead] = {}
        self._headless: dict[str, int] = {}
        self._headed: set[str] = set()
        self._relates = False
        self._told = 0
        self._left_out = 0

    def note(self, row: int, form: PersonIn, born: Span) -> list[Remark]:
        """Take note of a row, and return what is to be said of its household now."""
        if form.household_ref is None:
            return []
        household = self._held.get(form.household_ref) or self._begin(row, form)
        remarks = []
        for remark in self._looked_at(household, row, form, born):
            if remark.code not in household.told:
                household.told |= {remark.code}
                remarks += self._counted(remark)
        return remarks

    async def at_the_end(self, session: AsyncSession, organisation: str) -> list[Remark]:
        """Return what is to be said when all rows are there: which have no head, how many more."""
        headless = await self._without_a_head(session, organisation)
        detail = "Nobody of this household is its head."
        remarks = [
            each for row in headless for each in self._counted(_remark(row, "head_missing", detail))
        ]
        if self._left_out:
            detail = f"Left out here: {self._left_out} more, which the households' `flags` say."
            remarks.append(Remark(column="household_ref", code="more_households", detail=detail))
        return remarks

    async def _without_a_head(self, session: AsyncSession, organisation: str) -> list[int]:
        """Return the first row of each household that has no head, in the file or before it."""
        if not self._relates:
            # A register that does not tell who is who has no head of any.
            return []
        headless = {ref: each.row for ref, each in self._held.items() if each.head is None}
        headless |= self._headless
        asked = [ref for ref in headless if ref not in self._headed]
        known = self._headed | await membership.with_head(session, organisation, asked)
        return sorted(row for ref, row in headless.items() if ref not in known)

    def _begin(self, row: int, form: PersonIn) -> AsRead:
        ref = str(form.household_ref)
        while len(self._held) >= MOST_HELD:
            first = next(iter(self._held))
            if (gone := self._held.pop(first)).head is None:
                self._headless[first] = gone.row
            else:
                # Of a dry run nobody is registered, who could be found to be the head.
                self._headed.add(first)
        # It may have been let go, and goes on.
        household = AsRead(self._headless.pop(ref, row), intern(form.location_pcode))
        self._held[ref] = household
        return household

    def _looked_at(
        self, household: AsRead, row: int, form: PersonIn, born: Span
    ) -> Iterator[Remark]:
        if form.location_pcode != household.place:
            detail = f"Row {household.row} of this household is at another place."
            yield _remark(row, "two_places", detail)
        relationship = form.relationship_to_head
        if relationship is None:
            return
        self._relates = True
        if not is_head(relationship):
            column = "birth_date" if form.age is None else "age"
            relative = Relative(row, relationship, born, column)
            if household.head is not None:
                yield from _younger(household, relative)
            elif is_relative(relationship):
                household.before_the_head += (relative,)
        elif household.head is None:
            household.head, household.head_row, household.born = form.external_id, row, born
            for earlier in household.before_the_head:
                yield from _younger(household, earlier)
            household.before_the_head = ()
        elif household.head != form.external_id:
            detail = f"Row {household.head_row} is the head of this household."
            yield _remark(row, "two_heads", detail)

    def _counted(self, remark: Remark) -> list[Remark]:
        """Return a remark, unless so many were told that the rest is only counted."""
        if self._told == MOST_TOLD:
            self._left_out += 1
            return []
        self._told += 1
        return [remark]


def _younger(household: AsRead, relative: Relative) -> Iterator[Remark]:
    if contradicts(relative.relationship, relative.born, household.born):
        detail = f"Of this person and the head in row {household.head_row} the parent is younger."
        code: Flag = "parent_younger_than_child"
        yield Remark(row=relative.row, column=relative.column, code=code, detail=detail)


def _remark(row: int, flag: Flag, detail: str) -> Remark:
    return Remark(row=row, column=COLUMNS[flag], code=flag, detail=detail)
