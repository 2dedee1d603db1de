"""Keep further phones of somebody."""

import sqlalchemy as sa
from alembic import op

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('other_phone_index',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('number_index', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('person_id', 'number_index', name=op.f('pk_other_phone_index'))
    )
    with op.batch_alter_table('other_phone_index', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_other_phone_index_number_index'), ['number_index'], unique=False)

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('other_phones', sa.LargeBinary(), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_column('other_phones')

    with op.batch_alter_table('other_phone_index', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_other_phone_index_number_index'))

    op.drop_table('other_phone_index')
