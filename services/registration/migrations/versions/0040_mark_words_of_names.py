"""Mark all the words of somebody's name in the row of each, so that one row tells of the others."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

BEFORE = "create table name_key_before as select * from name_key"
# As searches/marks.py has it, by which a key marks four of 64 bits.
SHIFTS = (0, 6, 12, 18)
BIT = "(cast(1 as bigint) << cast(({{key}} >> {shift}) & 63 as integer))"
BITS = " | ".join(BIT.format(shift=shift) for shift in SHIFTS)
MARKED = f"""
select person_id, bit_or({BITS.format(key="key")}) as sounding, bit_or({BITS.format(key="skeleton")}) as spelt
from name_key_before group by person_id
"""
# SQLite cannot put the bits of many rows together, and adds each bit once.
ADDED = """
select person_id, sum(bit) as marks from (
  select distinct person_id, 1 << (({key} >> shift) & 63) as bit from name_key_before
  cross join (select 0 as shift union all select 6 union all select 12 union all select 18)
) group by person_id
"""
MARKED_IN_SQLITE = f"""
select sounding.person_id, sounding.marks as sounding, spelt.marks as spelt
from ({ADDED.format(key="key")}) as sounding join ({ADDED.format(key="skeleton")}) as spelt
on spelt.person_id = sounding.person_id
"""
MOVED = """
insert into name_key (key, born_in, mantika, nationality, person_id, sounding, spelt)
with marked as ({marked})
select distinct key, born_in, mantika, nationality, person.id, sounding, spelt
from name_key_before join marked on marked.person_id = name_key_before.person_id
join person on person.id = name_key_before.person_id
"""


TYPES = {"nationality": sa.String(), "person_id": sa.Uuid()}


def upgrade() -> None:
    op.execute(BEFORE)
    op.drop_table("name_key")
    _create("nationality", "person_id", "sounding", "spelt")
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(MOVED.format(marked=MARKED_IN_SQLITE if sqlite else MARKED))
    op.drop_table("name_key_before")
    if not sqlite:
        op.execute("analyze name_key")


def downgrade() -> None:
    op.drop_table("name_key")
    _create("skeleton", "person_id")
    # Marks do not tell what was marked, so the words are kept again, of everybody.
    op.execute("UPDATE person SET matched_version = 0")


def _create(*columns: str) -> None:
    told = [
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("born_in", sa.Integer(), nullable=False),
        sa.Column("mantika", sa.String(), nullable=False),
        *(sa.Column(name, TYPES.get(name, sa.BigInteger()), nullable=False) for name in columns),
    ]
    names = [column.name for column in told]
    op.create_table(
        "name_key", *told, sa.PrimaryKeyConstraint(*names, name=op.f("pk_name_key"))
    )
    op.create_index(op.f("ix_name_key_person_id"), "name_key", ["person_id"])
