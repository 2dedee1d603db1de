"""What tracking tells the others."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event

PLACES_AN_EVENT = 500


class PlaceVersion(BaseModel):
    """One place as it stands now; `version` grows by one with each change of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pcode: str
    level: int
    parent_pcode: str | None
    version: int


class PlacesChanged(Event):
    """Places were added or changed, at most 500 at a time. Subject: the change's id."""

    type: ClassVar[str] = "tracking.places_changed.v1"

    change_id: UUID
    places: list[PlaceVersion] = Field(max_length=PLACES_AN_EVENT)


class RoundImported(Event):
    """A round of the DTM holds new figures. Subject: the round's number."""

    type: ClassVar[str] = "tracking.round_imported.v1"

    round_number: int
    population: str
    individuals: int


class DisplacementEstimated(Event):
    """A source told how many an incident displaced, anew or again. Subject: the incident's id."""

    type: ClassVar[str] = "tracking.displacement_estimated.v1"

    incident_id: UUID
    estimate_id: UUID
    cause: str
    population: str
    from_pcode: str | None
    to_pcode: str
    individuals: int | None
    households: int | None
    published_on: date


class PeopleDisembarked(Event):
    """An operation at sea was counted, anew or again. Subject: the operation's id."""

    type: ClassVar[str] = "tracking.people_disembarked.v1"

    operation_id: UUID
    vintage: int
    occurred_on: date
    authority: str
    word: str
    place_pcode: str | None
    site_id: UUID | None
    total: int
    men: int
    women: int
    children: int
    no_data: int
    bodies: int | None
    missing: int | None


class DisplacementDetected(Event):
    """
    A figure went over a threshold, or changed unusually. Subject: the detection's id.

    `kind` is `threshold` or `change`; `low` and `high` bound what was expected of the figure or of
    its change.
    """

    type: ClassVar[str] = "tracking.displacement_detected.v1"

    detection_id: UUID
    population: str
    pcode: str
    round_number: int
    kind: str
    value: int
    change: int | None
    low: int | None
    high: int


class CentreVisited(Event):
    """
    A detention centre was visited, or a visit was corrected. Subject: the visit's id.

    Neither the centre nor a figure of it is told, and of the place only the region.
    """

    type: ClassVar[str] = "tracking.centre_visited.v1"

    visit_id: UUID
    visited_on: date
    place_pcode: str
    entry: str
    corrects: UUID | None


class RoundPublished(Event):
    """A round is public, in this vintage. Subject: population and round number."""

    type: ClassVar[str] = "tracking.round_published.v1"

    publication_id: UUID
    round_number: int
    population: str
    vintage: int
    individuals: int


class FiguresRestated(Event):
    """A public round has another vintage. Subject: population and round number."""

    type: ClassVar[str] = "tracking.figures_restated.v1"

    round_number: int
    population: str
    vintage: int
    individuals: int
    individuals_before: int


class FlowsPublished(Event):
    """
    Origins and destinations of a month are public, in this vintage. Subject: flows and month.

    `month` is written 2024-05; `individuals` is what the public table comes to in all.
    """

    type: ClassVar[str] = "tracking.flows_published.v1"

    publication_id: UUID
    month: str
    vintage: int
    individuals: int


class FlowsRestated(Event):
    """A public month of flows has another vintage. Subject: flows and month."""

    type: ClassVar[str] = "tracking.flows_restated.v1"

    month: str
    vintage: int
    individuals: int
    individuals_before: int


class PersonErased(Event):
    """A person was forgotten here; counts by table, and no person. Subject: the erasure's id."""

    type: ClassVar[str] = "tracking.person_erased.v1"

    erasure_id: UUID
    rows: dict[str, int]
