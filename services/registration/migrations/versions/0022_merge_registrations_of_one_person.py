"""Merge registrations of one person."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('merge',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('pair_id', sa.Uuid(), nullable=True),
    sa.Column('kept_id', sa.Uuid(), nullable=False),
    sa.Column('merged_id', sa.Uuid(), nullable=False),
    sa.Column('merged_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('merged_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('undone_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('undone_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_merge'))
    )
    with op.batch_alter_table('merge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_merge_kept_id'), ['kept_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_merge_merged_id'), ['merged_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_merge_pair_id'), ['pair_id'], unique=False)

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_into', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('merged', sa.JSON(), server_default='[]', nullable=False))
        batch_op.create_index(batch_op.f('ix_person_merged_into'), ['merged_into'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_merged_into'))
        batch_op.drop_column('merged')
        batch_op.drop_column('merged_into')

    with op.batch_alter_table('merge', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_merge_pair_id'))
        batch_op.drop_index(batch_op.f('ix_merge_merged_id'))
        batch_op.drop_index(batch_op.f('ix_merge_kept_id'))

    op.drop_table('merge')
