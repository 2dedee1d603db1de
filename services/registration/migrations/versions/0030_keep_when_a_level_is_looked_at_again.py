"""Keep when a level is to be looked at again."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('vulnerability_change', schema=None) as batch_op:
        batch_op.add_column(sa.Column('next_review_on', sa.Date(), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('vulnerability_change', schema=None) as batch_op:
        batch_op.drop_column('next_review_on')

