"""Index the answers that are a no to the mission, which are few."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

NO_TO_MISSION = sa.text("recipient = 'mission' and purpose = 'assistance' and state <> 'given'")


def upgrade() -> None:
    op.create_index(
        "ix_consent_no_to_mission",
        "consent",
        ["person_id", "version"],
        postgresql_where=NO_TO_MISSION,
        sqlite_where=NO_TO_MISSION,
    )


def downgrade() -> None:
    op.drop_index("ix_consent_no_to_mission", "consent")
