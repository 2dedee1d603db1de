"""Keep keys of subscriptions."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('subscription_key',
    sa.Column('key_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('client', sa.Uuid(), nullable=False),
    sa.Column('made_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_subscription_key'))
    )
    with op.batch_alter_table('subscription_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_key_client'), ['client'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('subscription_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscription_key_client'))

    op.drop_table('subscription_key')
