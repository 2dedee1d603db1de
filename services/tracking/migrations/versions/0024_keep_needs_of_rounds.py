"""Keep needs of rounds."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('round_need',
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('need', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('round_number', 'population', 'pcode', 'priority', name=op.f('pk_round_need'))
    )


def downgrade() -> None:
    op.drop_table('round_need')
