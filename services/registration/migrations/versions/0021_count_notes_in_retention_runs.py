"""Count notes in retention runs."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('retention_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('notes_due', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('notes_held', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('notes_erased', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('retention_run', schema=None) as batch_op:
        batch_op.drop_column('notes_erased')
        batch_op.drop_column('notes_held')
        batch_op.drop_column('notes_due')
