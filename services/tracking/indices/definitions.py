"""The definitions of indices, read once from definitions.yaml and checked."""

from functools import cache
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

FILE = Path(__file__).parent / "definitions.yaml"


class Definition(BaseModel):
    """One version of an index: points by option, by indicator, by scale."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: str
    version: int
    title: str
    source: str
    assumptions: str
    lowest: float
    highest: float
    fewest_answers: int
    bands: dict[str, float]
    scales: dict[str, dict[str, dict[str, float]]]
    in_need_percent: dict[str, int] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        points = [each for options in self.indicators.values() for each in options.values()]
        within = all(self.lowest <= each <= self.highest for each in points)
        starts = list(self.bands.values())
        if not within or starts != sorted(starts) or starts[0] > self.lowest:
            raise ValueError("points or bands do not fit the lowest and the highest")
        if not 1 <= self.fewest_answers <= len(self.indicators):
            raise ValueError("fewest_answers is no number of indicators")
        return self

    @property
    def indicators(self) -> dict[str, dict[str, float]]:
        return {name: options for scale in self.scales.values() for name, options in scale.items()}


@cache
def definitions() -> dict[tuple[str, int], Definition]:
    """Return every version of every index."""
    told = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        (index, version): Definition(index=index, version=version, **body)
        for index, row in told.items()
        for version, body in row["versions"].items()
    }


def newest(index: str) -> Definition | None:
    versions = [each for each in definitions().values() if each.index == index]
    return max(versions, key=lambda each: each.version, default=None)
