"""Row conditions are made once for a caller and used again: they must not hold on to a moment."""

import math
import time
from datetime import timedelta

import pytest
from sqlmodel import col

from chassis.authz import Access
from chassis.caller import Agreement, Caller, Grant
from chassis.clock import now
from chassis.fields import fields
from chassis.scoping import Scoping, moment
from chassis.views import View
from services.registration.persons.models import SCOPING, Person

GRANT = Grant("enumerator")


def access(agreements: tuple[Agreement, ...] = (), name: str = "yusuf") -> Access:
    caller = Caller(name, "iom", (GRANT,), expires=math.inf, agreements=agreements)
    return Access(caller, "person", "R")


def test_a_condition_is_made_once_for_a_caller() -> None:
    assert access().rows(SCOPING) is access().rows(SCOPING)
    assert access().rows(SCOPING) is not access(name="selma").rows(SCOPING)


def test_fields_that_the_same_reasons_open_have_one_condition() -> None:
    officer = Caller("nadia", "iom", (Grant("protection_officer", ("LY",)),), expires=math.inf)
    reading = Access(officer, "person", "R", fields().purposes["protection"])
    view = View(reading, "person", SCOPING)

    assert view.showing("given_name") is view.showing("family_name")
    assert view.showing("given_name") is not view.showing("phone")


def test_what_ends_by_the_clock_is_judged_when_the_query_is_sent() -> None:
    condition = (col(Person.created_at) > moment(timedelta(hours=24))).compile()

    first = condition.construct_params()
    time.sleep(0.002)
    second = condition.construct_params()

    assert next(iter(first.values())) < next(iter(second.values()))


def test_a_condition_that_holds_a_moment_of_its_own_is_refused() -> None:
    stale = Scoping(
        organisation=col(Person.organisation), assigned=lambda _: col(Person.created_at) > now()
    )
    officer = Caller("selma", "iom", (Grant("medical_staff"),), expires=math.inf)

    with pytest.raises(TypeError, match="moment"):
        Access(officer, "person", "R").rows(stale)


def test_an_agreement_that_has_ended_is_in_no_condition() -> None:
    ended = Agreement("1", "almasar", until=time.time() - 1)

    assert access((ended,)).rows(SCOPING) is access().rows(SCOPING)
