"""Keep informants, estimates and collections."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('chosen_figure',
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('place_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('category', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('method', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('estimates', sa.Integer(), nullable=False),
    sa.Column('lowest', sa.Integer(), nullable=False),
    sa.Column('highest', sa.Integer(), nullable=False),
    sa.Column('chosen_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('chosen_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chosen_figure')),
    sa.UniqueConstraint('round_number', 'population', 'place_pcode', 'dimension', 'category', 'version', name='uq_chosen_figure')
    )
    op.create_table('estimate',
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('place_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('category', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reliability', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=True),
    sa.Column('informant_id', sa.Uuid(), nullable=True),
    sa.Column('submission_id', sa.Uuid(), nullable=True),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_estimate'))
    )
    with op.batch_alter_table('estimate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_estimate_informant_id'), ['informant_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_estimate_round_number_population_place_pcode'), ['round_number', 'population', 'place_pcode'], unique=False)
        batch_op.create_index(batch_op.f('ix_estimate_submission_id'), ['submission_id'], unique=False)

    op.create_table('key_informant',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('role', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sex', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('place_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reliability', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('may_be_called', sa.Boolean(), nullable=False),
    sa.Column('consented_on', sa.Date(), nullable=True),
    sa.Column('contact', sa.LargeBinary(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_key_informant'))
    )
    with op.batch_alter_table('key_informant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_key_informant_place_pcode'), ['place_pcode'], unique=False)

    op.create_table('round_collection',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('assessments', sa.JSON(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_round_collection')),
    sa.UniqueConstraint('round_number', 'population', name=op.f('uq_round_collection_round_number_population'))
    )


def downgrade() -> None:
    op.drop_table('round_collection')
    with op.batch_alter_table('key_informant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_key_informant_place_pcode'))

    op.drop_table('key_informant')
    with op.batch_alter_table('estimate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_estimate_submission_id'))
        batch_op.drop_index(batch_op.f('ix_estimate_round_number_population_place_pcode'))
        batch_op.drop_index(batch_op.f('ix_estimate_informant_id'))

    op.drop_table('estimate')
    op.drop_table('chosen_figure')
