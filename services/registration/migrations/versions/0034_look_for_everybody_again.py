"""Look for the doubles of everybody again: names that begin by Abd have other keys now."""

from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE person SET matched_version = 0")


def downgrade() -> None:
    op.execute("UPDATE person SET matched_version = 0")
