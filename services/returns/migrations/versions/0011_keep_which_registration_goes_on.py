"""Keep which registration of a person goes on."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_into', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('merge_version', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_index(batch_op.f('ix_person_merged_into'), ['merged_into'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_merged_into'))
        batch_op.drop_column('merge_version')
        batch_op.drop_column('merged_into')
