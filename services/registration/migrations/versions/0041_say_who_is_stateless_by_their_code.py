"""Say that somebody is stateless whose nationality is ICAO's code for that, where nothing was told."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Whoever told the code with a "no" beside it knew something that nobody can guess here.
    op.execute(
        "update person set stateless = true where nationality = 'XXA' and stateless is null"
    )


def downgrade() -> None:
    """What the code says stays true."""
