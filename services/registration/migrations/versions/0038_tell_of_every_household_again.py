"""Tell of every household again: assistance had not listened before."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("update household set told_version = 0 where told_version <> 0")


def downgrade() -> None:
    """What was told stays told."""
