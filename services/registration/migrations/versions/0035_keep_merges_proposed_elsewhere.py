"""Keep merges proposed to another organisation."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('merge_proposal',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('left_id', sa.Uuid(), nullable=False),
    sa.Column('right_id', sa.Uuid(), nullable=False),
    sa.Column('kept_id', sa.Uuid(), nullable=False),
    sa.Column('proposer', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('proposed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('proposed_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('because', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decider', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_merge_proposal'))
    )
    with op.batch_alter_table('merge_proposal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_merge_proposal_left_id_right_id'), ['left_id', 'right_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_merge_proposal_right_id'), ['right_id'], unique=False)
        batch_op.create_index('uq_merge_proposal_open', ['left_id', 'right_id'], unique=True, postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'"))



def downgrade() -> None:
    with op.batch_alter_table('merge_proposal', schema=None) as batch_op:
        batch_op.drop_index('uq_merge_proposal_open', postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'"))
        batch_op.drop_index(batch_op.f('ix_merge_proposal_right_id'))
        batch_op.drop_index(batch_op.f('ix_merge_proposal_left_id_right_id'))

    op.drop_table('merge_proposal')
