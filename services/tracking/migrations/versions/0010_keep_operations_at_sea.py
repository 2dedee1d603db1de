"""Keep operations at sea."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('published_sea_total',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('word', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('vintage', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('men', sa.Integer(), nullable=True),
    sa.Column('women', sa.Integer(), nullable=True),
    sa.Column('children', sa.Integer(), nullable=True),
    sa.Column('no_data', sa.Integer(), nullable=True),
    sa.Column('dead', sa.Integer(), nullable=True),
    sa.Column('missing', sa.Integer(), nullable=True),
    sa.Column('operations', sa.Integer(), nullable=True),
    sa.Column('by_place', sa.JSON(), nullable=False),
    sa.Column('is_rounded', sa.Boolean(), nullable=False),
    sa.Column('published_on', sa.Date(), nullable=True),
    sa.Column('source_url', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('recorded_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_published_sea_total')),
    sa.UniqueConstraint('starts_on', 'ends_on', 'word', 'vintage', name=op.f('uq_published_sea_total_starts_on_ends_on_word_vintage'))
    )
    op.create_table('maritime_operation',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('occurred_on', sa.Date(), nullable=False),
    sa.Column('zone', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('authority', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('place_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('point', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('site_id', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_maritime_operation_site_id_site')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_maritime_operation')),
    sa.UniqueConstraint('organisation', 'external_id', name=op.f('uq_maritime_operation_organisation_external_id'))
    )
    with op.batch_alter_table('maritime_operation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_maritime_operation_occurred_on'), ['occurred_on'], unique=False)

    op.create_table('maritime_count',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('operation_id', sa.Uuid(), nullable=False),
    sa.Column('vintage', sa.Integer(), nullable=False),
    sa.Column('word', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('men', sa.Integer(), nullable=False),
    sa.Column('women', sa.Integer(), nullable=False),
    sa.Column('children', sa.Integer(), nullable=False),
    sa.Column('no_data', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('bodies', sa.Integer(), nullable=True),
    sa.Column('missing', sa.Integer(), nullable=True),
    sa.Column('published_on', sa.Date(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source_url', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('recorded_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['operation_id'], ['maritime_operation.id'], name=op.f('fk_maritime_count_operation_id_maritime_operation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_maritime_count')),
    sa.UniqueConstraint('operation_id', 'vintage', name=op.f('uq_maritime_count_operation_id_vintage'))
    )


def downgrade() -> None:
    op.drop_table('maritime_count')
    with op.batch_alter_table('maritime_operation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_maritime_operation_occurred_on'))

    op.drop_table('maritime_operation')
    op.drop_table('published_sea_total')
