"""Keep versions of rounds."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('round_version',
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('individuals', sa.Integer(), nullable=False),
    sa.Column('places', sa.Integer(), nullable=False),
    sa.Column('figures_changed', sa.Integer(), nullable=False),
    sa.Column('places_changed', sa.JSON(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('imported_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('imported_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('round_number', 'population', 'version', name=op.f('pk_round_version'))
    )
    # What came in before is there as it is now; who sent it, and what it was before, is not known.
    op.execute(
        "insert into round_version (round_number, population, version, individuals, places,"
        " figures_changed, places_changed, imported_by, imported_at)"
        " select number, population, version, individuals, places, 0, '[]', '', imported_at from round"
    )


def downgrade() -> None:
    op.drop_table('round_version')
