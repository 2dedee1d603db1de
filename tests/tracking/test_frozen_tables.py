"""What is published stays as it is, whoever writes to the database."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from services.tracking.flowtables.models import FlowPublication, PublicFlow, WithheldFlow
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
ONE_FLOW = "select id, 'NER', 'LY01', 1 from flow_publication where status = 'published'"
CHANGES_OF_FLOWS = (
    "update public_flow set value = 1",
    "delete from withheld_flow",
    f"insert into public_flow (publication_id, origin, destination, value) {ONE_FLOW}",
    "update flow_publication set individuals = 1 where status = 'published'",
    "delete from flow_publication",
)
is_public = col(Publication.status) == "published"
WITHHELD: dict[str, Any] = {
    "pcode": "LY",
    "dimension": "total",
    "category": "",
    "value": 4,
    "reason": "primary",
}
TABLES = ("public_cell", "withheld_cell", "publication")
TABLES_OF_FLOWS = ("public_flow", "withheld_flow", "flow_publication")
EMPTYING = tuple(f"truncate {each}" for each in (*TABLES, *TABLES_OF_FLOWS))


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
    await a_published_month(tracking)

    await refuses_every_change(tracking, (*CHANGES, *CHANGES_OF_FLOWS, *EMPTYING))

    async with tracking.database.write() as session:
        await session.exec(update(Publication).where(~is_public).values(status="refused"))
        cells = (await session.exec(select(PublicCell).order_by(col(PublicCell.pcode)))).all()
        [still] = (await session.exec(select(Publication).where(is_public))).all()
    of_public = [(each.pcode, each.value) for each in cells if each.publication_id == public.id]
    assert of_public == [("LY", 65), ("LY01", 60), ("LY02", None)]
    assert still == public


async def a_published_month(tracking: Running) -> None:
    flows = FlowPublication(
        month="2024-05",
        individuals=60,
        observed_hours=1,
        hours=1,
        k=20,
        beside=[],
        cells=1,
        suppressed=1,
        drafted_by="somebody",
    )
    async with tracking.database.write() as session:
        session.add(flows)
        await session.flush()
        pair: dict[str, Any] = {"publication_id": flows.id, "origin": "SDN", "destination": "ITA"}
        session.add_all([PublicFlow(**pair), WithheldFlow(**pair, value=4, reason="primary")])
        await session.flush()
        # What is published takes no more cells.
        flows.status, flows.vintage = "published", 1
