"""Why a registration that a row of a register holds is not taken; no I/O."""

from chassis.jobs import Remark
from chassis.tabular import Row
from services.registration.imports.rules import DISABILITY, remark


def unknown_place(row: Row) -> Remark:
    return remark(row, "location_pcode", "unknown_place", "No place has this p-code.")


def other_content(row: Row) -> Remark:
    detail = "This external id is registered with other content; correct that record instead."
    return remark(row, "external_id", "already_registered", detail)


def elsewhere(row: Row) -> Remark:
    detail = "None of the roles of who sent this counts at this place."
    return remark(row, "location_pcode", "not_your_place", detail)


def not_theirs_to_tell(row: Row) -> Remark:
    detail = "None of the roles of who sent this may tell of disability."
    return remark(row, DISABILITY[0], "not_your_field", detail)


def unknown_event(row: Row) -> Remark:
    detail = "There is no such registration event."
    return remark(row, "registration_event_id", "unknown_event", detail)


def was_erased(row: Row) -> Remark:
    detail = "This record was erased. Somebody who comes back needs a new external id."
    return remark(row, "external_id", "was_erased", detail)
