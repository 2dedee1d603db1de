"""Keep what devices hold."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('device_feed',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('caller', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('page', sa.Integer(), nullable=False),
    sa.Column('acknowledged', sa.Integer(), nullable=False),
    sa.Column('asked_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device_feed'))
    )
    with op.batch_alter_table('device_feed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_device_feed_asked_at'), ['asked_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_device_feed_caller'), ['caller'], unique=False)

    op.create_table('device_copy',
    sa.Column('feed_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('standing', sa.Integer(), nullable=False),
    sa.Column('page', sa.Integer(), nullable=False),
    sa.Column('gone', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['feed_id'], ['device_feed.id'], name=op.f('fk_device_copy_feed_id_device_feed'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('feed_id', 'person_id', name=op.f('pk_device_copy'))
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('client_id', sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f('ix_person_organisation_client_id'), ['organisation', 'client_id'], unique=True)



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_organisation_client_id'))
        batch_op.drop_column('client_id')

    op.drop_table('device_copy')
    with op.batch_alter_table('device_feed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_device_feed_caller'))
        batch_op.drop_index(batch_op.f('ix_device_feed_asked_at'))

    op.drop_table('device_feed')
