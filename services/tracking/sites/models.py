"""A site: as told (SiteIn, SiteChange), as kept with its history, as shown (SiteOut)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Bounded
from sqlmodel import Field, SQLModel, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import PastDay, Pcode, Strict, Text
from services.tracking.places import geography
from services.tracking.tables import Table

Kind = Literal[
    "settlement", "camp", "flow_monitoring_point", "disembarkation_point", "health_facility"
]
DETENTION = "detention_centre"
"""A kind that only the operations on detention centres know: no list of sites has one."""
Status = Literal["open", "closed"]
Because = Literal["happened", "recorded_wrongly"]
Latitude = Annotated[float, Bounded(ge=-90, le=90)]
Longitude = Annotated[float, Bounded(ge=-180, le=180)]
NAMES = ("name_en", "name_ar", "name_fr")


def _check_coordinates(latitude: float | None, longitude: float | None) -> None:
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None:
        raise ValueError("Latitude and longitude come together.")
    if wrong := geography.misplaced(latitude, longitude):
        raise ValueError(wrong)


class DetentionCentreIn(Strict):
    """A site in a muhalla; without `opened_on` it is there as long as anybody knows."""

    place_pcode: Pcode
    name_en: Text | None = None
    name_ar: Text | None = None
    name_fr: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    authority: Text | None = None
    opened_on: PastDay | None = None

    @model_validator(mode="after")
    def _has_a_name_and_lies_somewhere(self) -> Self:
        if not (self.name_en or self.name_ar):
            raise ValueError("A site has a name in English or in Arabic.")
        _check_coordinates(self.latitude, self.longitude)
        return self


class SiteIn(DetentionCentreIn):
    kind: Kind


class SiteChange(Strict):
    """
    What is other about a site from the day `on`, or was recorded wrongly and has no such day.

    A field that is left out stays; an authority, a French name or a pair of coordinates that is
    null is taken away.
    """

    because: Because = "happened"
    on: PastDay | None = None
    status: Status | None = None
    name_en: Text | None = None
    name_ar: Text | None = None
    name_fr: Text | None = None
    authority: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    opened_on: PastDay | None = None

    @model_validator(mode="after")
    def _says_when_it_happened(self) -> Self:
        sent = self.model_fields_set
        if (self.because == "happened") is (self.on is None):
            raise ValueError("What happened has the day `on`; what was recorded wrongly has none.")
        if self.because == "happened" and "opened_on" in sent:
            raise ValueError("`opened_on` is corrected only; what opens again has a `status`.")
        if ("latitude" in sent) is not ("longitude" in sent):
            raise ValueError("Latitude and longitude come together.")
        if {"name_en", "name_ar", "status"} & {each for each in sent if not getattr(self, each)}:
            raise ValueError("A status, and a name in English or Arabic, cannot be taken away.")
        _check_coordinates(self.latitude, self.longitude)
        return self

    def changes(self) -> dict[str, object]:
        """Return what was sent of the site itself."""
        return self.model_dump(exclude_unset=True, exclude={"because", "on"})


class SiteColumns(SQLModel):
    """What is known of a site, as it stands or stood."""

    kind: str
    place_pcode: str = Field(index=True)
    name_en: str | None = None
    name_ar: str | None = None
    name_fr: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    authority: str | None = None
    status: str = "open"
    opened_on: date | None = None
    closed_on: date | None = None
    organisation: str
    created_by: str


class Site(SiteColumns, Table, table=True):
    """A site as it stands; `place_pcode` is the muhalla that it lies in."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class SiteVersion(SiteColumns, Table, table=True):
    """A site as it stood from a day until its next version; without the day, from the first."""

    __tablename__ = "site_version"

    id: UUID = Field(primary_key=True, foreign_key="site.id")
    version: int = Field(primary_key=True)
    from_day: date | None = None
    because: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def _scoping(kept: type[Site] | type[SiteVersion]) -> Scoping:
    return Scoping(
        organisation=col(kept.organisation),
        place=col(kept.place_pcode),
        created_by=col(kept.created_by),
        created_at=col(kept.created_at),
    )


SCOPINGS = {kept: _scoping(kept) for kept in (Site, SiteVersion)}


class SiteOut(BaseModel):
    """A site; `version` is its ETag. With `on` it is told as it stood on that day."""

    id: UUID
    kind: str
    place_pcode: str
    name_en: str | None
    name_ar: str | None
    name_fr: str | None
    latitude: float | None
    longitude: float | None
    authority: str | None
    status: Status
    opened_on: date | None
    closed_on: date | None
    organisation: str
    version: int


class SitesOut(BaseModel):
    items: list[SiteOut]
    next_cursor: str | None


class SiteVersionOut(SiteOut):
    from_day: date | None
    because: Because
    recorded_by: str
    recorded_at: datetime


class SiteHistoryOut(BaseModel):
    """Each version of a site, the newest first."""

    items: list[SiteVersionOut]
    next_cursor: str | None = None
