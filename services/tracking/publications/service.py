"""Drafting and approving publications of a round. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.caller import Caller
from chassis.problems import Fault, Problem, not_found
from chassis.turns import take_turns
from contracts.tracking import FiguresRestated, RoundPublished
from services.tracking.collecting import service as collecting
from services.tracking.consistency import service as consistency
from services.tracking.disclosure.control import CannotProtectError, Control
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import TOTAL, Cell, Design, Reason
from services.tracking.disclosure.tables import OverlappingPlacesError, Tables, tables
from services.tracking.publications import deciding, frozen, origins, wholes
from services.tracking.publications.deciding import PUBLISHED
from services.tracking.publications.models import DraftIn, Publication
from services.tracking.rounds import service as rounds
from services.tracking.rounds.labels import PLACES
from services.tracking.rounds.models import Dimension, Figure, Round

DESIGN = Design()
COMES_OUT = "This hidden figure would come out."


@dataclass(frozen=True)
class Controlled:
    """Tables of a round with what they hide, before they are kept."""

    round: Round
    tables: Tables
    hidden: dict[Cell, Reason]
    beside: list[str]


@dataclass
class Uncontrolled:
    """What a draft is made of: a round's figures, and what is public of it and beside it."""

    round: Round
    figures: dict[Cell, int]
    before: list[Frozen]
    beside: list[str]
    origins: dict[Cell, int] = field(default_factory=dict)
    origins_before: list[Frozen] = field(default_factory=list)
    control: Control | None = None

    def controlled(self) -> Controlled:
        """Choose what is hidden; 409 when no hiding protects it. It computes for seconds."""
        try:
            kept = tables(wholes.with_parts(self.figures), DESIGN)
            self.control = Control(kept, DESIGN, self.before)
            hidden = self.control.run()
            told, more = origins.beside(self.origins, kept, hidden, self.origins_before)
            values = wholes.without_parts(kept.values) | told
            dimensions = {dimension for _, dimension, _ in values} - {TOTAL}
            whole = Tables(values, kept.leaves, tuple(sorted(dimensions)))
            return Controlled(self.round, whole, wholes.without_parts(hidden) | more, self.beside)
        except OverlappingPlacesError:
            detail = "A place has figures of its own, and so has a place within it."
            raise Problem(409, "round-disagrees", detail) from None
        except CannotProtectError as error:
            detail = (
                f"{len(error.cells)} hidden figures would come out by comparison with what is "
                "public; let the change go into the next round, or leave out a dimension."
            )
            faults = [
                Fault(pointer="/".join(filter(None, cell)), code="would_come_out", detail=COMES_OUT)
                for cell in error.cells
            ]
            raise Problem(409, "publication-would-disclose", detail, errors=faults) from None

    @property
    def share_done(self) -> float:
        """Return which share of the hidden cells is protected, while another thread computes."""
        if self.control is None:
            return 0.0
        ledger = self.control.ledger
        return min(1.0, len(ledger.protected) / max(1, len(ledger.hidden)))


@dataclass(frozen=True)
class Ready:
    """A round that may be drafted: how many figures it has, and what is public beside it."""

    round: Round
    figures: int
    beside: list[Publication]


async def ready(session: AsyncSession, number: int, form: DraftIn) -> Ready:
    """
    Return what is to be drafted, as the round and what is public beside it stand now.

    409 while a sum is neither right nor explained, or there is no figure; 422 when what is public
    would be published anew without a reason.
    """
    found = await rounds.get(session, number, form.population)
    await consistency.refuse_unexplained(session, number, form.population)
    beside = await _beside(session, number, form.population)
    if any(each.round_number == number for each in beside):
        deciding.refuse_unexplained("round", form.reason)
    counted = select(func.count()).where(
        col(Figure.round_number) == number, col(Figure.population) == form.population
    )
    figures = (await session.exec(counted)).one()
    if not figures:
        raise Problem(409, "out-of-order", "The round has no figures yet.")
    return Ready(found, figures, beside)


async def gathered(session: AsyncSession, number: int, form: DraftIn) -> Uncontrolled:
    """Return what is to be controlled; raises what `ready` raises."""
    found = await ready(session, number, form)
    figures = await consistency.figures(session, number, form.population)
    before = [await frozen.read(session, each) for each in found.beside]
    wanted = of_public_tables(figures, form.dimensions)
    told = {TOTAL, *form.dimensions}
    places = {pcode for pcode, _, _ in wanted}
    before.append(await frozen.elsewhere(session, number, form.population, places))
    origins_before = [await frozen.read_origins(session, each) for each in found.beside]
    return Uncontrolled(
        found.round,
        wanted,
        before,
        [str(each.id) for each in found.beside],
        origins.folded({cell: n for cell, n in figures.items() if cell[1] in told}),
        [each for each in origins_before if each],
    )


def of_public_tables(figures: dict[Cell, int], dimensions: Sequence[Dimension]) -> dict[Cell, int]:
    """
    Return the figures of the tables that are published.

    Men are males but for boys: by sex and by sex and age, each would tell what the other hides.
    So a round that is told by sex and age is never published by sex alone.
    """
    told = {TOTAL, *dimensions} - PLACES
    if any(dimension == "demographic" for _, dimension, _ in figures):
        told -= {"sex"}
    return {cell: n for cell, n in figures.items() if cell[1] in told}


async def _beside(session: AsyncSession, number: int, population: str) -> list[Publication]:
    """Return all vintages of the round, and the newest of the public rounds before and after."""
    public = (
        col(Publication.population) == population,
        col(Publication.status) == PUBLISHED,
    )
    same = select(Publication).where(*public, col(Publication.round_number) == number)
    found = list((await session.exec(same.order_by(col(Publication.vintage)))).all())
    earlier = select(Publication).where(*public, col(Publication.round_number) < number)
    later = select(Publication).where(*public, col(Publication.round_number) > number)
    for statement in (
        earlier.order_by(col(Publication.round_number).desc(), col(Publication.vintage).desc()),
        later.order_by(col(Publication.round_number), col(Publication.vintage).desc()),
    ):
        found += (await session.exec(statement.limit(1))).all()
    return found


async def draft(
    session: AsyncSession, form: DraftIn, controlled: Controlled, by: Caller, job_id: UUID
) -> Publication:
    """Keep what was prepared as a draft, for a second analyst to look at."""
    values, hidden = controlled.tables.values, controlled.hidden
    publication = Publication(
        id=job_id,
        round_number=controlled.round.number,
        population=form.population,
        round_version=controlled.round.version,
        period=controlled.round.period,
        individuals=controlled.round.individuals,
        k=DESIGN.k,
        dimensions=list(controlled.tables.dimensions),
        beside=controlled.beside,
        cells=len(values.keys() | hidden.keys()),
        suppressed=len(hidden),
        reason=form.reason,
        drafted_by=by.id,
    )
    session.add(publication)
    await session.flush()
    await frozen.keep(session, publication.id, controlled.tables, hidden)
    audit.note(session, by, "create", "publication", publication.id)
    return publication


async def get(session: AsyncSession, publication_id: UUID, *, lock: bool = False) -> Publication:
    statement = select(Publication).where(col(Publication.id) == publication_id)
    if lock:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("publication")
    return found


async def find(
    session: AsyncSession, number: int, after: UUID | None, limit: int
) -> Sequence[Publication]:
    statement = select(Publication).where(col(Publication.round_number) == number)
    if after:
        statement = statement.where(col(Publication.id) > after)
    return (await session.exec(statement.order_by(col(Publication.id)).limit(limit))).all()


async def approve(session: AsyncSession, publication_id: UUID, by: Caller) -> Publication:
    """
    Make a draft public for good; 403 for whoever drafted it.

    409 when the round's figures, or what is public beside it, are not those it was drafted from.
    """
    publication = await get(session, publication_id, lock=True)
    deciding.refuse_own(publication, by)
    deciding.refuse_decided(publication)
    number, population = publication.round_number, publication.population
    await take_turns(session, f"publications {population}")
    found = await rounds.get(session, number, population)
    await collecting.refuse_unfinished(session, number, population)
    await consistency.refuse_unexplained(session, number, population)
    beside = await _beside(session, number, population)
    if found.version != publication.round_version or publication.beside != [
        str(each.id) for each in beside
    ]:
        detail = "Figures, or other publications, have changed since the draft; draft it anew."
        raise Problem(409, "out-of-order", detail)
    before = [each for each in beside if each.round_number == number]
    publication.vintage = len(before) + 1
    deciding.publish(session, publication, by)
    _tell(session, publication, before[-1] if before else None)
    return publication


async def refuse(session: AsyncSession, publication_id: UUID, by: Caller) -> Publication:
    publication = await get(session, publication_id, lock=True)
    deciding.refuse_decided(publication)
    deciding.refuse(session, publication, by)
    return publication


def _tell(session: AsyncSession, publication: Publication, before: Publication | None) -> None:
    assert publication.vintage  # noqa: S101 - It has just got it.
    subject = f"{publication.population}-{publication.round_number}"
    event = RoundPublished(
        publication_id=publication.id,
        round_number=publication.round_number,
        population=publication.population,
        vintage=publication.vintage,
        individuals=publication.individuals,
    )
    outbox.publish(session, event, subject=subject, sequence=publication.vintage)
    if before:
        restated = FiguresRestated(
            **event.model_dump(exclude={"publication_id"}), individuals_before=before.individuals
        )
        outbox.publish(session, restated, subject=subject, sequence=publication.vintage)
