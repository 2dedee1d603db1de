"""
The most that pairs of people can score (evidence.py), many pairs at a time.

Most who share a key are strangers, and one by one most of the time goes into finding that out. The
same levels and weights are looked up here in arrays. Only papers that differ are not compared:
they count as if they were off by a slip, so that nobody scores higher than this says. Whoever may
be one person by it is compared in full; nothing is decided here.

To compare names takes longest, and most strangers are told apart by one or two of them beside all
else: whoever could not score enough if their other names agreed as well as any is done with.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.registration.matching.births import WIDE_DAYS
from services.registration.matching.closeness import CLOSENESS
from services.registration.matching.description import PARTS
from services.registration.matching.evidence import CROSSING, LOST, Weights
from services.registration.matching.likenesses import Bits
from services.registration.matching.meetings import Closest, Meetings
from services.registration.matching.register import (
    NOT_TOLD,
    PRECISIONS,
    SEVERAL,
    Columns,
    Names,
    Numbers,
)
from services.registration.matching.tables import (
    BIRTHS,
    NEAR_OF_BIRTH,
    Table,
    Tables,
    levels_of,
)

FARTHEST = CLOSENESS[-1][0]
BIRTH_PLACES = {level: place for place, level in enumerate(BIRTHS)}
GIVEN, FATHER, GRANDFATHER, FAMILY = map(PARTS.index, ("given", "father", "grandfather", "family"))


class Weighing:
    """What pairs of people in a register weigh at most."""

    def __init__(self, columns: Columns, names: Names, by: Weights) -> None:
        self._columns = columns
        self._meetings = Meetings(names, by.transducer)
        self._tables = Tables.of(by)

    def promising(self, left: Numbers, right: Numbers, least: float) -> Numbers:
        """Return the places of the pairs that score `least` if their other names agree so well."""
        birth = self._born(left, right)
        near = NEAR_OF_BIRTH[birth]
        lacking = least - self._others_say(left, right, birth)
        given = self._levels(GIVEN, left, right)
        at = np.flatnonzero(self._tables.most_by_given[near, given] >= lacking)
        grandfather = self._levels(GRANDFATHER, left[at], right[at])
        found: Numbers = at[
            self._tables.most_by_both[near[at], given[at], grandfather] >= lacking[at]
        ]
        return found

    def most(self, left: Numbers, right: Numbers) -> Table:
        """Return the most that each pair can score, up to what rounding makes of a sum."""
        names, crossed = self._compared(left, right)
        birth = self._born(left, right)
        scores = self._tables.names_say(names, NEAR_OF_BIRTH[birth])
        scores += crossed * self._tables.crossed
        return scores + self._others_say(left, right, birth)

    def _levels(self, part: int, left: Numbers, right: Numbers) -> Numbers:
        column = self._columns.names[part]
        return levels_of(self._meetings.of(column[left], column[right]))

    def _others_say(self, left: Numbers, right: Numbers, birth: Numbers) -> Table:
        """Return the most that all but the names say, where births agree as told."""
        tables, columns = self._tables, self._columns
        scores = tables.start + tables.born[birth]
        for attribute in ("sex", "nationality", "household"):
            column = getattr(columns, attribute)
            scores += tables.told[attribute][_told(column[left], column[right])]
        scores += self._numbers_say("phone", left, right, otherwise=-np.inf)
        scores += self._numbers_say("document", left, right, otherwise=tables.document_near)
        return scores

    def _numbers_say(
        self, attribute: str, left: Numbers, right: Numbers, *, otherwise: float
    ) -> Table:
        """Return the most that numbers can say; those that differ may weigh as much `otherwise`."""
        missing, same, other = self._tables.told[attribute]
        told = getattr(self._columns, attribute)
        counts = getattr(self._columns, f"{attribute}s")
        ours, theirs = counts[left], counts[right]
        differ = max(other, otherwise)
        # Of several any may be the same, which is compared in full.
        several = np.where(np.maximum(ours, theirs) == SEVERAL, max(same, differ), differ)
        says = np.where(told[left] == told[right], same, several)
        most: Table = np.where(np.minimum(ours, theirs) > 0, says, missing)
        return most

    def _born(self, left: Numbers, right: Numbers) -> Numbers:
        """Return the places in BIRTHS of what `births.born` says of each pair."""
        columns, place = self._columns, BIRTH_PLACES
        one, other = columns.born[left], columns.born[right]
        apart = np.abs(one - other)
        off = np.maximum(columns.days_off[left], columns.days_off[right])
        years = np.abs(columns.year[left] - columns.year[right])
        precision = columns.precision[left], columns.precision[right]
        by_day = (precision[0] == PRECISIONS["day"]) & (precision[1] == PRECISIONS["day"])
        guessed = np.logical_or(*(each == PRECISIONS["estimated"] for each in precision))
        swapped = columns.month[left] == columns.day[right]
        swapped &= columns.day[left] == columns.month[right]
        return np.select(
            [
                (one == NOT_TOLD) | (other == NOT_TOLD),
                by_day & (apart <= off),
                by_day & (years > 0),
                by_day & swapped,
                by_day,
                (off > WIDE_DAYS) & (apart <= off + WIDE_DAYS),
                off > WIDE_DAYS,
                guessed,
            ],
            [
                place["missing"],
                place["same_day"],
                place["other_year"],
                place["day_and_month_swapped"],
                place["same_year"],
                place["missing"],
                place["estimated_6"],
                place["estimated_0"] + np.minimum(years, 6),
            ],
            place["year_0"] + np.minimum(years, 3),
        )

    def _compared(
        self, left: Numbers, right: Numbers
    ) -> tuple[list[Closest], npt.NDArray[np.bool_]]:
        """Compare the names as `evidence` does, crosswise where that fits far better."""
        columns = self._columns.names
        names = self._met([(column[left], column[right]) for column in columns])
        crossed = np.zeros(len(left), np.bool_)
        fit = _fit(names[FATHER]) + _fit(names[FAMILY])
        badly = np.flatnonzero(fit + CROSSING < 0)
        one, other = left[badly], right[badly]
        father, family = self._met(
            [
                (columns[FATHER][one], columns[FAMILY][other]),
                (columns[FAMILY][one], columns[FATHER][other]),
            ]
        )
        better = _fit(father) + _fit(family) > fit[badly] + CROSSING
        at = badly[better]
        crossed[at] = True
        father, family = (_where(better, each) for each in (father, family))
        is_family = _likelier(family, father)
        for part, first in ((FATHER, is_family), (FAMILY, ~is_family)):
            for kept, ours, theirs in zip(names[part], family, father, strict=True):
                kept[at] = np.where(first, ours, theirs)
        return names, crossed

    def _met(self, names: Sequence[tuple[Numbers, Numbers]]) -> list[Closest]:
        """Compare names that as many pairs have, all at once: many together are compared faster."""
        ours, theirs = (np.concatenate(each) for each in zip(*names, strict=True))
        found = self._meetings.of(ours, theirs)
        each = zip(*(np.split(said, len(names)) for said in found), strict=True)
        return [Closest(*said) for said in each]


def _told(ours: Numbers, theirs: Numbers) -> Numbers:
    same = np.where(ours == theirs, 1, 2)
    return np.where((ours == NOT_TOLD) | (theirs == NOT_TOLD), 0, same)


def _where(chosen: npt.NDArray[np.bool_], name: Closest) -> Closest:
    return Closest(name.told[chosen], name.below[chosen], name.ratio[chosen])


def _likelier(one: Closest, other: Closest) -> npt.NDArray[np.bool_]:
    """Say where one fits better than the other, in the order in which `evidence` compares them."""
    found = one.ratio > other.ratio
    for ours, theirs in (
        (one.below, other.below),
        (one.told, other.told),
        (_fit(one), _fit(other)),
    ):
        found = (ours > theirs) | ((ours == theirs) & found)
    return found


def _fit(name: Closest) -> Bits:
    fits: Bits = np.where(name.told, np.maximum(name.below, FARTHEST), LOST)
    return fits
