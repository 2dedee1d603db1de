"""Keep households of devices."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('device_household',
    sa.Column('feed_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('standing', sa.Integer(), nullable=False),
    sa.Column('page', sa.Integer(), nullable=False),
    sa.Column('gone', sa.Boolean(), nullable=False),
    sa.Column('household_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['feed_id'], ['device_feed.id'], name=op.f('fk_device_household_feed_id_device_feed'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('feed_id', 'household_id', name=op.f('pk_device_household'))
    )
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.add_column(sa.Column('client_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.create_index(batch_op.f('ix_household_organisation_client_id'), ['organisation', 'client_id'], unique=True)



def downgrade() -> None:
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_organisation_client_id'))
        batch_op.drop_column('fingerprint')
        batch_op.drop_column('client_id')

    op.drop_table('device_household')
