"""What the columns of a round's table tell, by their own names or by what they are said to mean."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from services.tracking.consistency.rules import HOUSEHOLDS
from services.tracking.needs.rules import Asked, asked
from services.tracking.rounds import labels
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.models import Dimension, Population

COUNTRY = "LY"
PLACE = re.compile(r"(?:adm(?:in)?_?([0-4])|region|mantika|baladiya|muhalla|place)?_?p_?code")
LEVELS = {"region": 1, "mantika": 2, "baladiya": 3, "muhalla": 4}
ROUND = frozenset({"round", "round_number", "assessmentround", "assessment_round"})
FIGURE = re.compile(r"(idp|returnee|migrant)s?(?:_(.+))?")
ALL = frozenset({"ind", "individuals", "individual", "total"})
FAMILIES = frozenset({"hh", "hhs", "households", "families"})
SEX = {"male": "male", "males": "male", "female": "female", "females": "female"}
IN_ROWS = frozenset({"nationality", "origin", "returned_from"})
"""Dimensions whose categories may stand in a column of that name, a row each."""
DIMENSIONS = tuple(sorted(get_args(Dimension)))
MOST_MAPPED = 500


class Column(NamedTuple):
    """A figure that a column tells: of whom, and which part of them."""

    population: Population
    dimension: str
    category: str


@dataclass
class Head:
    """
    Which columns of a table tell places, the round, figures, categories and needs.

    `categories` are columns that say, a row each, which part of a place's people the row counts.
    """

    places: list[str] = field(default_factory=list)
    rounds: list[str] = field(default_factory=list)
    figures: dict[str, Column] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    needs: dict[str, Asked] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    odd: list[Remark] = field(default_factory=list)


def mapped(text: str | None) -> dict[str, str]:
    """Return what a request says that the columns of its file mean, by their names in the file."""
    if not text:
        return {}
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or len(told) > MOST_MAPPED:
            raise ValueError
        if not all(isinstance(each, str) for each in told.values()):
            raise ValueError
    except (ValueError, RecursionError):
        detail = 'A JSON object of columns and what they mean, as {"IDP HH": "idps:households"}.'
        fault = Fault(pointer="query/columns", code="columns", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault]) from None
    return told


def head_of(
    header: Sequence[str], columns: Mapping[str, str], named: labels.Named | None = None
) -> Head:
    """Return what each column of a header tells, by its own name or by what it is mapped to."""
    head = Head()
    levels: dict[str, int] = {}
    for column in (each.strip() for each in header):
        told = columns.get(column, column)
        key = labels.code(told)
        if found := PLACE.fullmatch(key):
            levels[column] = int(found[1] or LEVELS.get(key.partition("_")[0], len(COUNTRY) + 4))
        elif key in ROUND:
            head.rounds.append(column)
        elif key in (DIMENSIONS if column in columns else IN_ROWS):
            head.categories[column] = key
        elif figure := _figure(key):
            head.figures[column], odd = _coded(figure, named or {})
            if odd:
                head.odd.append(Remark(row=1, column=column[:80], code="label", detail=odd))
        elif of_need := asked(told):
            head.needs[column] = of_need
        elif column:
            head.left.append(column)
    # The deepest place that a row names is the place that it is about.
    head.places.extend(sorted(levels, key=lambda each: -levels[each]))
    return head


def _figure(key: str) -> Column | None:
    found = FIGURE.fullmatch(key)
    if not found:
        return None
    population: Population = next(each for each in get_args(Population) if each == found[1])
    part = found[2] or ""
    if not part or part in ALL:
        return Column(population, TOTAL, "")
    if part in FAMILIES:
        return Column(population, HOUSEHOLDS, "")
    if part in SEX:
        return Column(population, "sex", SEX[part])
    for dimension in DIMENSIONS:
        category = part.removeprefix(f"{dimension}_")
        if category != part and category:
            return Column(population, dimension, category)
    return None


def _coded(figure: Column, named: labels.Named) -> tuple[Column, str | None]:
    """Return a figure by the code of its category, and what is odd about how it is labelled."""
    if figure.dimension in {TOTAL, HOUSEHOLDS}:
        return figure, None
    category, odd = labels.category(figure.dimension, figure.category.replace("_", " "), named)
    return figure._replace(category=category), odd


def refuse_twice(head: Head) -> None:
    faults = []
    if not head.places:
        faults.append(("column_missing", "No column tells the p-codes of places, as `pcode`."))
    totals = {each.population for each in head.figures.values() if each.dimension == TOTAL}
    if not totals:
        detail = "No column counts anybody: `idps`, `returnees` or `migrants`."
        faults.append(("column_missing", detail))
    parts = {each.population for each in head.figures.values()} - totals
    faults += [("column_missing", f"The parts of {each}s have no total.") for each in parts]
    if len(set(head.figures.values())) < len(head.figures):
        faults.append(("column_twice", "Two columns tell the same figure."))
    if faults:
        errors = [Fault(pointer="line/1", code=code, detail=detail) for code, detail in faults]
        raise Problem(422, "table-header", "The columns are not those of a round.", errors=errors)
