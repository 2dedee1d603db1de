"""What a change makes of a site, decided without I/O."""

from datetime import date
from typing import Any

from chassis.problems import Fault, Problem
from services.tracking.sites.models import SiteChange, SiteColumns


def changed(site: SiteColumns, from_day: date | None, change: SiteChange) -> dict[str, Any]:
    """
    Return what is other about a site after a change, with the days that follow from it.

    409 for what happened before the last that is known of the site: its history has one order.
    """
    if change.on and from_day and change.on < from_day:
        raise Problem(409, "out-of-order", f"The site has changed on {from_day} already.")
    told: dict[str, Any] = {
        name: value for name, value in change.changes().items() if value != _of(site, name)
    }
    if "status" in told and change.on:
        # What opens again is open from that day; when it was so before, the history tells.
        opens = told["status"] == "open"
        told |= {"opened_on": change.on, "closed_on": None} if opens else {"closed_on": change.on}
    elif told.get("status") == "open":
        told["closed_on"] = None
    opened: date | None = told.get("opened_on", site.opened_on)
    closed: date | None = told.get("closed_on", site.closed_on)
    if opened and closed and closed < opened:
        detail = "A site closes on the day that it opens, or after it."
        fault = Fault(pointer="/opened_on", code="days", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    return told


def starts(site: SiteColumns, from_day: date | None, change: SiteChange) -> date | None:
    """Return from when a changed site is so: from `on`, or since what was recorded wrongly."""
    if change.because == "happened":
        return change.on
    if "opened_on" in change.model_fields_set and from_day == site.opened_on:
        return change.opened_on
    return from_day


def _of(site: SiteColumns, name: str) -> Any:
    return getattr(site, name)
