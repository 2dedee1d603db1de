"""The base of returns's tables, and its own outbox, inbox and jobs."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from chassis.denials import DenialPositionColumns
from chassis.tables import named_metadata, service_tables, table_on


class Table(SQLModel, registry=registry(metadata=named_metadata())):
    """What every table of returns derives from; no other service shares it."""


TABLES = service_tables("returns", Table)
DenialPosition = table_on(Table, "DenialPosition", DenialPositionColumns)
