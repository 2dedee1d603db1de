"""HTTP in and out for households and groups; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access, AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Code, Pcode
from chassis.versions import ExpectedVersion
from services.registration.households import moving, service, showing
from services.registration.households.models import Household, Kind
from services.registration.households.shapes import (
    HouseholdCorrectionIn,
    HouseholdIn,
    HouseholdOut,
    HouseholdsOut,
    JoinIn,
    LeavingIn,
    MemberIn,
    MoveIn,
    SplitIn,
)
from services.registration.persons.parts import HouseholdNumber
from services.registration.places import service as places

PATH = "/v1/registration/households"

router = Router(prefix=PATH, tags=["households"], route_class=Once)


@router.post("", status_code=201)
async def create_household(
    form: HouseholdIn,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> HouseholdOut:
    """
    Make a household, a family or a group of registered people.

    Registrations that name one `household_ref` form a household by themselves.
    """
    access.refuse_elsewhere(form.location_pcode)
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    household = await service.create(session, form, access)
    return await _changed(session, household, access, response)


@router.get("")
async def list_households(
    access: AccessDep,
    session: ReadSession,
    *,
    kind: Kind | None = None,
    case_number: Annotated[HouseholdNumber | None, Query()] = None,
    household_ref: Annotated[Code | None, Query()] = None,
    location_pcode: Annotated[Pcode | None, Query()] = None,
    person_id: UUID | None = None,
    ended: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> HouseholdsOut:
    """List the households that the caller may see; those in which somebody is or was, too."""
    view, found = await service.find(
        session,
        access,
        kind=kind,
        case_number=case_number,
        household_ref=household_ref,
        location_pcode=location_pcode,
        person_id=person_id,
        ended=ended,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor([household for household, _ in found], limit)
    items = await showing.shown(session, view, found[: len(page)], access)
    return HouseholdsOut(items=items, next_cursor=following)


@router.get("/{household_id}")
async def get_household(
    household_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> HouseholdOut:
    """Return a household with its members, its composition, and what somebody should look at."""
    view, found = await service.get(session, household_id, access)
    response.headers["ETag"] = f'"{found[0].version}"'
    return (await showing.shown(session, view, [found], access))[0]


@router.patch("/{household_id}")
async def correct_household(
    household_id: UUID,
    form: HouseholdCorrectionIn,
    expected: ExpectedVersion,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> HouseholdOut:
    """Correct where a household is, who receives for it, and who is who to its head."""
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    household = await service.correct(session, household_id, form, access, expected=expected)
    return await _changed(session, household, access, response)


@router.post("/{household_id}/members", status_code=201)
async def add_member(
    household_id: UUID, form: MemberIn, response: Response, access: AccessDep, session: WriteSession
) -> HouseholdOut:
    """Add somebody who is in no household yet, or anybody to a family or a group."""
    household = await moving.add(session, household_id, form, access)
    return await _changed(session, household, access, response)


@router.post("/{household_id}/members/{person_id}/leaving")
async def remove_member(
    household_id: UUID,
    person_id: UUID,
    form: LeavingIn,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> HouseholdOut:
    """Let somebody leave; that they were there stays in the history."""
    household = await moving.leave(session, household_id, person_id, form, access)
    return await _changed(session, household, access, response)


@router.post("/{household_id}/members/{person_id}/move")
async def move_member(
    household_id: UUID,
    person_id: UUID,
    form: MoveIn,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> HouseholdOut:
    """Move somebody to another household, and return that one."""
    household = await moving.move(session, household_id, person_id, form, access)
    return await _changed(session, household, access, response)


@router.post("/{household_id}/split", status_code=201)
async def split_household(
    household_id: UUID,
    form: SplitIn,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> HouseholdOut:
    """Let some of its members be a household of their own, and return that one."""
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    household = await moving.split(session, household_id, form, access)
    return await _changed(session, household, access, response)


@router.post("/{household_id}/join")
async def join_households(
    household_id: UUID, form: JoinIn, response: Response, access: AccessDep, session: WriteSession
) -> HouseholdOut:
    """Let it go into another household as a whole, and return that one."""
    household = await moving.join(session, household_id, form, access)
    return await _changed(session, household, access, response)


@router.post("/{household_id}/end")
async def end_household(
    household_id: UUID,
    form: LeavingIn,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> HouseholdOut:
    """Dissolve it; its members are in no household then."""
    household = await moving.end(session, household_id, form, access)
    return await _changed(session, household, access, response)


async def _changed(
    session: AsyncSession, household: Household, access: Access, response: Response
) -> HouseholdOut:
    response.headers["Location"] = f"{PATH}/{household.id}"
    response.headers["ETag"] = f'"{household.version}"'
    return await showing.see_changed(session, household.id, access)
