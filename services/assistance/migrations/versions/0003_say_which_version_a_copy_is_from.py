"""Say which version of a record a copy is from."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='0'))
    # Whoever is known with their category was told of when they were registered.
    op.execute("update person set version = 1 where population_category is not null")
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.alter_column('version', server_default=None)



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_column('version')

