"""Keep how far a device was told, so that the next answer goes on there."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

COPIES = ("device_copy", "device_household")


def upgrade() -> None:
    with op.batch_alter_table("device_feed", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_reached", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("household_reached", sa.Uuid(), nullable=True))
    for table in COPIES:
        op.create_index(
            op.f(f"ix_{table}_feed_id"),
            table,
            ["feed_id"],
            postgresql_where=sa.text("gone"),
            sqlite_where=sa.text("gone = 1"),
        )


def downgrade() -> None:
    for table in COPIES:
        op.drop_index(op.f(f"ix_{table}_feed_id"), table)
    with op.batch_alter_table("device_feed", schema=None) as batch_op:
        batch_op.drop_column("household_reached")
        batch_op.drop_column("person_reached")
