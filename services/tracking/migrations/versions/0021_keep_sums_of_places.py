"""Keep sums of places."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('coverage_change',
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('category', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('population', 'dimension', 'level', 'pcode', 'category', 'round_number', name=op.f('pk_coverage_change'))
    )
    with op.batch_alter_table('coverage_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_coverage_change_round_number_population_level_pcode'), ['round_number', 'population', 'level', 'pcode'], unique=False)

    op.create_table('place_sum',
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('category', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.Column('places', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('population', 'dimension', 'level', 'pcode', 'category', 'round_number', name=op.f('pk_place_sum'))
    )
    with op.batch_alter_table('place_sum', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_place_sum_round_number_population_dimension_level_pcode'), ['round_number', 'population', 'dimension', 'level', 'pcode'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('place_sum', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_place_sum_round_number_population_dimension_level_pcode'))

    op.drop_table('place_sum')
    with op.batch_alter_table('coverage_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_coverage_change_round_number_population_level_pcode'))

    op.drop_table('coverage_change')
