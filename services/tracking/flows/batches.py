"""Batches of rows sent as JSON, of which each row has its own fate; no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from chassis.jobs import Remark
from chassis.wording import in_words

Kept = TypeVar("Kept")
Form = TypeVar("Form", bound=BaseModel)


@dataclass
class Sorted(Generic[Kept]):
    """The rows of a batch that can be kept, by their id, and what is to be said of the others."""

    kept: dict[UUID, Kept] = field(default_factory=dict)
    rows: dict[UUID, int] = field(default_factory=dict)
    unchanged: int = 0
    rejected: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    def refuse(self, row: int, column: str | None, code: str, detail: str) -> None:
        self.rejected.append(Remark(row=row, column=column, code=code, detail=detail))


def read(
    rows: Sequence[Mapping[str, Any]], form: type[Form]
) -> tuple[list[tuple[int, Form]], list[Remark]]:
    """Return the rows, counted from 1, that have the form, and what is wrong with the others."""
    right: list[tuple[int, Form]] = []
    faults = []
    for row, told in enumerate(rows, 1):
        try:
            right.append((row, form.model_validate(told)))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            # A field that is not known has a name of the sender's own, which is not repeated.
            known = [str(part) for part in first["loc"][:1] if part in form.model_fields]
            faults.append(
                Remark(
                    row=row,
                    column=known[0] if known else None,
                    code=first["type"],
                    detail=in_words(first),
                )
            )
    return right, faults
