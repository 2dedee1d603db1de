"""Keep what one side has dismissed."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('merge_dismissal',
    sa.Column('left_id', sa.Uuid(), nullable=False),
    sa.Column('right_id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('because', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dismissed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dismissed_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('left_id', 'right_id', 'organisation', name=op.f('pk_merge_dismissal'))
    )
    with op.batch_alter_table('merge_dismissal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_merge_dismissal_right_id'), ['right_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('merge_dismissal', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_merge_dismissal_right_id'))

    op.drop_table('merge_dismissal')
