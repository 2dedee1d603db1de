"""What can be done with published figures. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import today
from chassis.tabular import Row
from services.tracking.places.models import Place
from services.tracking.series import rules
from services.tracking.series.models import PublishedFigure

Key = tuple[str, str, str, int]
Warnings = list[tuple[str, str]]


class Book:
    """The figures that rows may concern, with every vintage, while the rows are taken in."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._vintages: dict[Key, list[PublishedFigure]] = {}
        self._starts: dict[str, set[tuple[int, str]]] = {}
        self._places = {rules.COUNTRY}

    @classmethod
    async def open(cls, session: AsyncSession, rows: Sequence[Row]) -> "Book":
        """Read what is known of the rows' places, and when each round began."""
        book = cls(session)
        named = {row.cells.get("pcode", "").strip() or rules.COUNTRY for row in rows}
        book._places |= set(
            (await session.exec(select(Place.pcode).where(col(Place.pcode).in_(named)))).all()
        )
        kept = select(PublishedFigure).where(col(PublishedFigure.pcode).in_(named))
        for figure in (await session.exec(kept.order_by(col(PublishedFigure.vintage)))).all():
            book._vintages.setdefault(_key(figure), []).append(figure)
        starts = select(
            PublishedFigure.component, PublishedFigure.round_number, PublishedFigure.period_start
        ).where(col(PublishedFigure.period_start).is_not(None))
        for component, number, start in await session.exec(starts.distinct()):
            book._starts.setdefault(component, set()).add((number, str(start)))
        return book

    def take(self, told: rules.Told) -> tuple[bool, Warnings]:
        """
        Keep what a row tells; return whether anything of it was new, and what is odd about it.

        RowError when the place is unknown, the round is out of order, or another value is known
        and the row has no reason for its own.
        """
        if told.pcode not in self._places:
            raise rules.RowError("pcode", "place_unknown", "The gazetteer has no such place.")
        starts = self._starts.setdefault(told.component, set())
        warnings: Warnings = []
        if rules.refuse_disorder(told, starts):
            warnings.append(("rounds_overlap", "The period runs into that of a later round."))
        new = []
        for population, value in told.values.items():
            before = self._vintages.get(
                (told.component, population, told.pcode, told.round_number), []
            )
            if _is_known(before, value, told):
                if not any(each.source == told.source for each in before):
                    warnings.append(("same_value", "Known from another source, which stays."))
                continue
            if before and not told.restated_because:
                detail = "Another value is known; a restated figure needs `restated_because`."
                raise rules.RowError("restated_because", "reason_missing", detail)
            new.append(_vintage(population, value, told, len(before) + 1))
        for figure in new:
            self._vintages.setdefault(_key(figure), []).append(figure)
            self._session.add(figure)
        if told.period_start:
            starts.add((told.round_number, told.period_start))
        return bool(new), warnings


def _key(figure: PublishedFigure) -> Key:
    return figure.component, figure.population, figure.pcode, figure.round_number


def _is_known(before: Sequence[PublishedFigure], value: int, told: rules.Told) -> bool:
    """Say whether the row repeats what is kept: the last value, or an earlier one with its word."""
    if before and before[-1].value == value:
        return True
    return any(
        (each.value, each.source, each.restated_because)
        == (value, told.source, told.restated_because)
        for each in before
    )


def _vintage(population: str, value: int, told: rules.Told, vintage: int) -> PublishedFigure:
    return PublishedFigure(
        component=told.component,
        population=population,
        pcode=told.pcode,
        round_number=told.round_number,
        vintage=vintage,
        value=value,
        period_start=told.period_start,
        period_end=told.period_end,
        source=told.source,
        basis=told.basis,
        source_count=told.source_count,
        confidence=told.confidence,
        note=told.note,
        restated_because=told.restated_because if vintage > 1 else None,
        # Nobody knew a correction at the end of the period, so without a day it counts from now.
        known_since=told.known_since(today()) if vintage == 1 else told.published_on or today(),
    )


async def find(
    session: AsyncSession,
    *,
    population: str | None,
    place: str | None,
    number: int | None,
    after: UUID | None,
    limit: int,
) -> Sequence[PublishedFigure]:
    """Return every vintage of published figures, in the order in which they came in."""
    statement = select(PublishedFigure).order_by(col(PublishedFigure.id)).limit(limit)
    if population:
        statement = statement.where(col(PublishedFigure.population) == population)
    if place:
        statement = statement.where(col(PublishedFigure.pcode) == place)
    if number:
        statement = statement.where(col(PublishedFigure.round_number) == number)
    if after:
        statement = statement.where(col(PublishedFigure.id) > after)
    return (await session.exec(statement)).all()
