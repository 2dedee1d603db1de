"""What is published stays as it is, whoever writes to the database."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from services.tracking.main import SERVICE
from services.tracking.publications.models import Publication, PublicCell, WithheldCell
from tests.conftest import Running, Start
from tests.servers.postgres import PostgresServer
from tests.tracking.test_displacement import publication

ONE = "select id, 'LY99', 'total', '', 1, 1 from publication where status = 'published'"
CHANGES = (
    "update public_cell set value = 1",
    "delete from public_cell",
    f"insert into public_cell (publication_id, pcode, dimension, category, level, value) {ONE}",
    "update withheld_cell set value = 1",
    "delete from withheld_cell",
    f"insert into withheld_cell (publication_id, pcode, dimension, category, value, reason) {ONE}",
    "update publication set status = 'draft'",
    "update publication set individuals = 1 where status = 'published'",
    "delete from publication",
)
"""What would change a published table, if the database let it."""
is_public = col(Publication.status) == "published"
WITHHELD: dict[str, Any] = {
    "pcode": "LY",
    "dimension": "total",
    "category": "",
    "value": 4,
    "reason": "primary",
}
EMPTYING = tuple(f"truncate {each}" for each in ("public_cell", "withheld_cell", "publication"))


async def refuses_every_change(tracking: Running, statements: Iterable[str]) -> None:
    for statement in statements:
        with pytest.raises(SQLAlchemyError, match="what is published stays as it is"):
            async with tracking.database.write() as session:
                await session.exec(text(statement))  # type: ignore[call-overload]


@pytest.mark.integration
async def test_postgresql_lets_nothing_published_be_changed_added_to_or_emptied(
    start: Start, postgres: PostgresServer
) -> None:
    postgres.create_database("frozen")
    tracking = await start(SERVICE, postgres.url("frozen", driver="asyncpg"))
    await publication(tracking, 1, 1, LY=65, LY01=60, LY02=None)
    await publication(tracking, 2, None, LY=70)
    async with tracking.database.write() as session:
        [public] = (await session.exec(select(Publication).where(is_public))).all()
        session.add(WithheldCell(publication_id=UUID(int=200), **WITHHELD))

    await refuses_every_change(tracking, (*CHANGES, *EMPTYING))

    async with tracking.database.write() as session:
        await session.exec(update(Publication).where(~is_public).values(status="refused"))
        cells = (await session.exec(select(PublicCell).order_by(col(PublicCell.pcode)))).all()
        [still] = (await session.exec(select(Publication).where(is_public))).all()
    of_public = [(each.pcode, each.value) for each in cells if each.publication_id == public.id]
    assert of_public == [("LY", 65), ("LY01", 60), ("LY02", None)]
    assert still == public
