"""What can be done with scans of papers; they are sealed under the key of the person."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.authz import Access
from chassis.problems import Problem, not_found
from chassis.views import View
from services.registration.persons import sealed
from services.registration.persons import service as persons
from services.registration.scans import rules
from services.registration.scans.models import DocumentScan, ScanOut

SHAPE = "document_scan"
PATH = "/v1/registration/persons/{person_id}/document-scans"


async def add(
    session: AsyncSession, person_id: UUID, document_type: str, content: bytes, access: Access
) -> DocumentScan:
    # Two at once would both find that there is room for one more.
    person = await persons.get_to_add_to(session, person_id, access, lock=True)
    media_type = rules.media_type_of(content)
    papers = (await sealed.opened(session, [person]))[person_id]["documents"]
    rules.refuse_without_paper(document_type, [each["type"] for each in papers])
    counted = select(func.count()).where(col(DocumentScan.person_id) == person_id)
    rules.refuse_more((await session.exec(counted)).one())
    keys = await crypto.subject_keys(session, [person_id], create=True)
    scan = DocumentScan(
        person_id=person_id,
        document_type=document_type,
        media_type=media_type,
        size=len(content),
        content=b"",
        added_by=access.caller.id,
    )
    scan.content = keys[person_id].seal_bytes(SHAPE, "content", content, row=scan.id)
    session.add(scan)
    audit.note(session, access.caller, "create", SHAPE, [person_id, scan.id])
    return scan


async def all_of(
    session: AsyncSession, person_id: UUID, access: Access, *, after: UUID | None, limit: int
) -> list[ScanOut]:
    """Return the scans of a person's papers, in the order they came, without what is on them."""
    view, standing = await persons.standing(session, person_id, access, SHAPE)
    statement = select(DocumentScan).where(col(DocumentScan.person_id) == person_id)
    if after:
        statement = statement.where(col(DocumentScan.id) > after)
    # A list of ten scans would otherwise read all their megabytes.
    statement = statement.options(defer(DocumentScan.content))  # type: ignore[arg-type] # SQLModel types a column as its value.
    found = await session.exec(statement.order_by(col(DocumentScan.id)).limit(limit))
    return [_shown(view, each, standing) for each in found.all()]


async def content_of(
    session: AsyncSession, person_id: UUID, scan_id: UUID, access: Access
) -> tuple[DocumentScan, bytes]:
    """Return a scan and what is on it, to whoever may see the number of the paper whole."""
    view, standing = await persons.standing(session, person_id, access, SHAPE)
    scan = await _scan(session, person_id, scan_id)
    if not view.opens("file", standing):
        raise Problem(403, "masked-field", "You cannot see a paper whose number you do not see.")
    keys = await crypto.subject_keys(session, [person_id])
    try:
        content = keys[person_id].open_bytes(SHAPE, "content", scan.content, row=scan.id)
    except crypto.UnreadableError:
        raise not_found("scan") from None
    audit.read(SHAPE, [person_id, scan_id], fields=["content"])
    return scan, content


async def take_away(session: AsyncSession, person_id: UUID, scan_id: UUID, access: Access) -> None:
    """Delete a scan, which was of the wrong paper or of somebody else."""
    await persons.get(session, person_id, access)
    await session.delete(await _scan(session, person_id, scan_id))
    audit.note(session, access.caller, "delete", SHAPE, [person_id, scan_id])


async def _scan(session: AsyncSession, person_id: UUID, scan_id: UUID) -> DocumentScan:
    statement = select(DocumentScan).where(
        col(DocumentScan.id) == scan_id, col(DocumentScan.person_id) == person_id
    )
    scan = (await session.exec(statement)).one_or_none()
    if scan is None:
        raise not_found("scan")
    return scan


def _shown(view: View, scan: DocumentScan, standing: int) -> ScanOut:
    where = f"{PATH.format(person_id=scan.person_id)}/{scan.id}/file"
    return view.shown(ScanOut, scan.model_dump(exclude={"content"}) | {"file": where}, standing)
