"""Keep what is seen at flow points."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('flow_entry',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('from_hour', sa.Integer(), nullable=False),
    sa.Column('to_hour', sa.Integer(), nullable=False),
    sa.Column('nationality', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('men', sa.Integer(), nullable=False),
    sa.Column('women', sa.Integer(), nullable=False),
    sa.Column('boys', sa.Integer(), nullable=False),
    sa.Column('girls', sa.Integer(), nullable=False),
    sa.Column('no_data', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('origin', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('transit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('next', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('destination', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('mode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('vehicle', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_flow_entry_site_id_site')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_entry'))
    )
    with op.batch_alter_table('flow_entry', schema=None) as batch_op:
        batch_op.create_index('ix_flow_entry_day_site_id', ['day', 'site_id'], unique=False)

    op.create_table('flow_hours',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('hours', sa.Integer(), nullable=False),
    sa.Column('recorded_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_flow_hours_site_id_site')),
    sa.PrimaryKeyConstraint('site_id', 'day', name=op.f('pk_flow_hours'))
    )


def downgrade() -> None:
    op.drop_table('flow_hours')
    with op.batch_alter_table('flow_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_flow_entry_day_site_id')

    op.drop_table('flow_entry')
