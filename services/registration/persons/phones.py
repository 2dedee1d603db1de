"""By what somebody is found who has more telephones than one (OtherPhoneIndex)."""

from uuid import UUID

from sqlalchemy import LargeBinary
from sqlmodel import Field

from services.registration.tables import Table


class OtherPhoneIndex(Table, table=True):
    """By what a number besides the first one is found again while it is sealed itself."""

    __tablename__ = "other_phone_index"

    person_id: UUID = Field(primary_key=True)
    number_index: bytes = Field(primary_key=True, sa_type=LargeBinary, index=True)
