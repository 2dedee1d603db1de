"""Returns' own small copy of the people in the register, fed by events."""

from uuid import UUID

from sqlmodel import Field

from services.returns.tables import Table


class Person(Table, table=True):
    """That somebody is registered is all that returns must know before it meets them."""

    id: UUID = Field(primary_key=True)
