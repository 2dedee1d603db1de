"""Know who asked for their file."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('file_request',
    sa.Column('request_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('until', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('closed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('request_id', name=op.f('pk_file_request'))
    )
    with op.batch_alter_table('file_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_file_request_person_id'), ['person_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('file_request', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_file_request_person_id'))

    op.drop_table('file_request')
