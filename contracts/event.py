"""What every event carries: a fact in the past tense, in a CloudEvents 1.0 envelope."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

EVENTS: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """
    A fact that one service tells the others: ids, codes, counts and dates only.

    No name, number, note or birth date travels in an event. Readers ignore fields they do
    not know, so a field may be added at any time but is never renamed or removed; a changed
    meaning is a new type beside the old one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    subjects: ClassVar[tuple[str, ...]] = ("person_id",)
    """The fields that say whom the fact is about; it has no effect once one of them was erased."""

    def people(self) -> set[UUID]:
        """Return the ids of those whom the fact is about."""
        return {each for name in self.subjects if (each := getattr(self, name, None))}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        EVENTS[cls.type] = cls


def promised() -> dict[str, type[Event]]:
    """Return the events of this package by type, in order; a test may have made others."""
    package = f"{__package__}."
    ours = {name: event for name, event in EVENTS.items() if event.__module__.startswith(package)}
    return dict(sorted(ours.items()))


class Envelope(BaseModel):
    """
    A CloudEvents 1.0 message in structured JSON.

    `sequence` is the version of the subject (1, 2, 3 …) that the fact belongs to; a reader
    that has passed it ignores the message. `traceparent` is the W3C trace of the request.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: str = Field(max_length=200)
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    sequence: int = Field(ge=1)
    traceparent: str | None = None
    data: dict[str, Any]

    def event(self) -> Event:
        """Return the fact itself; KeyError when no contract knows the type."""
        return EVENTS[self.type].model_validate(self.data)
