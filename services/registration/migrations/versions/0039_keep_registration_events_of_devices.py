"""Keep registration events of devices."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('registration_event', schema=None) as batch_op:
        batch_op.add_column(sa.Column('client_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.create_index(batch_op.f('ix_registration_event_organisation_client_id'), ['organisation', 'client_id'], unique=True)



def downgrade() -> None:
    with op.batch_alter_table('registration_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_registration_event_organisation_client_id'))
        batch_op.drop_column('fingerprint')
        batch_op.drop_column('client_id')

