"""The base of the gateway's tables, and its own outbox, inbox and jobs."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from chassis.tables import (
    DeadLetterColumns,
    InboxColumns,
    JobColumns,
    OutboxColumns,
    PositionColumns,
    RemarkColumns,
    ServiceTables,
    named_metadata,
)


class Table(SQLModel, registry=registry(metadata=named_metadata())):
    """What every table of the gateway derives from; no other service shares it."""


class Outbox(Table, OutboxColumns, table=True):
    pass


class Inbox(Table, InboxColumns, table=True):
    pass


class Position(Table, PositionColumns, table=True):
    pass


class DeadLetter(Table, DeadLetterColumns, table=True):
    __tablename__ = "dead_letter"


class Job(Table, JobColumns, table=True):
    pass


class Remark(Table, RemarkColumns, table=True):
    pass


TABLES = ServiceTables(
    source="gateway",
    metadata=Table.metadata,
    outbox=Outbox,
    inbox=Inbox,
    position=Position,
    dead_letter=DeadLetter,
    job=Job,
    remark=Remark,
)
