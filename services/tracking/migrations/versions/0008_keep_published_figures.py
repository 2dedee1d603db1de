"""Keep published figures with every vintage."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('published_figure',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('component', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('vintage', sa.Integer(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('period_start', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('period_end', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('basis', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source_count', sa.Integer(), nullable=True),
    sa.Column('confidence', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('restated_because', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('known_since', sa.Date(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_published_figure')),
    sa.UniqueConstraint('population', 'pcode', 'round_number', 'component', 'vintage', name=op.f('uq_figure_vintage'))
    )
    with op.batch_alter_table('figure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_figure_dimension_population_pcode'), ['dimension', 'population', 'pcode'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('figure', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_figure_dimension_population_pcode'))

    op.drop_table('published_figure')
