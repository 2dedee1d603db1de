"""Each kind of row filter hides what it should; a twin without it is seen to show it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table, create_engine, literal, select, true

from chassis.authz import Access
from chassis.caller import Agreement, Caller, Grant
from chassis.clock import UtcDateTime
from chassis.scoping import Scoping

ROWS = Table(
    "record",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("organisation", String),
    Column("place", String),
    Column("maker", String),
    Column("made_at", UtcDateTime()),
    Column("worker", String),
)
NOW = datetime.now(UTC)
MINE = {"organisation": "iom", "place": "LY0209", "maker": "me", "made_at": NOW, "worker": "me"}
SCOPING = Scoping(
    organisation=ROWS.c.organisation,
    place=ROWS.c.place,
    created_by=ROWS.c.maker,
    created_at=ROWS.c.made_at,
    assigned=lambda caller: ROWS.c.worker == caller.id,
)


@dataclass(frozen=True)
class Case:
    """A role, what a row has that hides it, and the scoping that has lost the filter for it."""

    role: str
    change: dict[str, Any]
    twin: Scoping


CASES = {
    "organisation": Case(
        "case_worker", {"organisation": "other"}, replace(SCOPING, organisation=ROWS.c.name)
    ),
    "place": Case("case_worker", {"place": "LY0301"}, replace(SCOPING, place=None)),
    "assignment": Case(
        "medical_staff", {"worker": "other"}, replace(SCOPING, assigned=lambda _: true())
    ),
    "maker": Case("integrator", {"maker": "other"}, replace(SCOPING, created_by=ROWS.c.worker)),
}


def visible(scoping: Scoping, role: str, change: dict[str, Any], action: str = "R") -> bool:
    caller = Caller(
        id="me",
        organisation="iom",
        grants=(Grant(role, ("LY02",)),),
        agreements=(Agreement("A1", "agreed", ("LY02",)),),
        expires=0.0,
        issued_at=0.0,
    )
    engine = create_engine("sqlite://")
    ROWS.metadata.create_all(engine)
    row = MINE | {"name": "iom"} | change
    with engine.begin() as connection:
        connection.execute(ROWS.insert().values(**row))
        where = Access(caller, "person", action).rows(scoping)
        found = connection.execute(select(ROWS.c.name).where(where)).all()
    engine.dispose()
    return bool(found)


@pytest.mark.parametrize("name", CASES)
def test_a_filter_hides_the_row_and_its_twin_without_it_shows_it(name: str) -> None:
    case = CASES[name]

    assert visible(SCOPING, case.role, {})
    assert not visible(SCOPING, case.role, case.change)
    assert visible(case.twin, case.role, case.change)


def test_own_is_for_a_day_and_then_no_more() -> None:
    """The role has nothing else on this action, so the age of the row alone decides."""
    old = {"made_at": NOW - timedelta(hours=25), "maker": "me"}

    assert visible(SCOPING, "enumerator", {}, "U")
    assert not visible(SCOPING, "enumerator", old, "U")
    assert visible(replace(SCOPING, created_at=literal(NOW)), "enumerator", old, "U")


def test_an_agreement_opens_reading_and_nothing_else() -> None:
    theirs = {"organisation": "agreed"}

    assert visible(SCOPING, "protection_officer", theirs, "R")
    assert not visible(SCOPING, "protection_officer", theirs, "U")
    assert not visible(SCOPING, "protection_officer", theirs | {"place": "LY0301"}, "R")


def test_a_condition_that_a_table_does_not_have_holds_for_no_row() -> None:
    assert not visible(replace(SCOPING, assigned=None), "medical_staff", {})
