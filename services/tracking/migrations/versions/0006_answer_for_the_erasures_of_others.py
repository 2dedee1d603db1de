"""Answer for the erasures of others."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('erased',
    sa.Column('erasure_id', sa.Uuid(), nullable=False),
    sa.Column('marks', sa.JSON(), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('erased_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('kept_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('erasure_id', name=op.f('pk_erased'))
    )
    op.create_table('tombstone',
    sa.Column('mark', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('erased_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('mark', name=op.f('pk_tombstone'))
    )


def downgrade() -> None:
    op.drop_table('tombstone')
    op.drop_table('erased')
