"""Keep enquiries."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_enquiry', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('enquired_on', sa.Date(), nullable=True))
        batch_op.create_index('ix_person_enquiry', ['id'], unique=False, postgresql_where=sa.text('is_enquiry'), sqlite_where=sa.text('is_enquiry'))



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index('ix_person_enquiry', postgresql_where=sa.text('is_enquiry'), sqlite_where=sa.text('is_enquiry'))
        batch_op.drop_column('enquired_on')
        batch_op.drop_column('is_enquiry')

