"""Origins and destinations as tables that disclosure control knows; no I/O."""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.tracking.disclosure.control import control
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import (
    ORIGIN_DESTINATION_K,
    TOTAL,
    Cell,
    Design,
    Reason,
    Values,
)
from services.tracking.disclosure.tables import tables
from services.tracking.flowtables.models import EACH

LEVEL = 1
"""Below it, an origin and a destination would tell who somebody is."""
DESIGN = Design(k=ORIGIN_DESTINATION_K, sensitive=frozenset())
DESTINATION = "destination"
WHOLE = "LY"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Pair = tuple[str, str]
"""An origin and a destination, or EACH for the sum over them."""


@dataclass(frozen=True)
class Public:
    """A vintage that is public: all pairs as they were counted, and which of them are hidden."""

    values: Mapping[Pair, int]
    hidden: frozenset[Pair]


def bounds(month: str) -> tuple[date, date]:
    """Return the first and the last day of a month."""
    year, number = (int(each) for each in month.split("-"))
    return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])


def controlled(
    pairs: Mapping[Pair, int], before: Iterable[Public]
) -> tuple[dict[Pair, int], dict[Pair, Reason]]:
    """
    Return the table with its sums, and what is hidden of it, each with the reason.

    `before` are the vintages of the same month. CannotProtectError when there is no way.
    """
    earlier = list(before)
    origins = {origin for origin, _ in pairs}
    origins |= {origin for each in earlier for origin, _ in each.values} - {EACH}
    codes = _codes(origins)
    # Each vintage has every origin, so that what is the same in two of them is seen to be.
    whole = tables(dict.fromkeys(_totals(codes), 0) | _figures(pairs, codes), DESIGN)
    frozen = [_frozen(each, codes) for each in earlier]
    hidden = control(whole, DESIGN, frozen)
    origin_of = {code: origin for origin, code in codes.items()}
    told = {
        _pair(cell, origin_of): value
        for cell, value in (dict.fromkeys(hidden, 0) | whole.values).items()
        if value or cell in hidden
    }
    return told, {_pair(cell, origin_of): reason for cell, reason in hidden.items()}


def pairs_of(table: Mapping[Pair, int]) -> dict[Pair, int]:
    """Return what a table counts without its sums, and without what counts nobody."""
    return {pair: value for pair, value in table.items() if value and EACH not in pair}


def _codes(origins: Iterable[str]) -> dict[str, str]:
    """Return for each origin a code below that of the whole, as a place has a p-code."""
    size = len(DIGITS)
    return {
        origin: f"{WHOLE}{DIGITS[number // size]}{DIGITS[number % size]}"
        for number, origin in enumerate(sorted(origins))
    }


def _totals(codes: Mapping[str, str]) -> list[Cell]:
    return [(code, TOTAL, "") for code in codes.values()]


def _figures(pairs: Mapping[Pair, int], codes: Mapping[str, str]) -> Values:
    figures: Values = {}
    for (origin, destination), value in pairs.items():
        figures[codes[origin], DESTINATION, destination] = value
        total = (codes[origin], TOTAL, "")
        figures[total] = figures.get(total, 0) + value
    return figures


def _frozen(public: Public, codes: Mapping[str, str]) -> Frozen:
    def cell(pair: Pair) -> Cell:
        origin, destination = pair
        place = WHOLE if origin == EACH else codes[origin]
        return (place, TOTAL, "") if destination == EACH else (place, DESTINATION, destination)

    values = dict.fromkeys(_totals(codes), 0)
    values |= {cell(pair): value for pair, value in public.values.items()}
    hidden = frozenset(cell(pair) for pair in public.hidden)
    return Frozen(values, hidden, frozenset(codes.values()), frozenset({DESTINATION}))


def _pair(cell: Cell, origin_of: Mapping[str, str]) -> Pair:
    place, dimension, category = cell
    return origin_of.get(place, EACH), EACH if dimension == TOTAL else category
