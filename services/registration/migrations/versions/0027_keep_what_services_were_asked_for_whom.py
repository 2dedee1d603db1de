"""Keep what services were asked for whom."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('service_referral',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recipient', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('receiver', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('urgency', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('place_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sent_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sent_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('answered_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('answered_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.Column('rejected_because', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('ended_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('ended_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_service_referral_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_referral'))
    )
    with op.batch_alter_table('service_referral', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_service_referral_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_service_referral_receiver_id'), ['receiver', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_service_referral_status_due_on'), ['status', 'due_on'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('service_referral', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_service_referral_status_due_on'))
        batch_op.drop_index(batch_op.f('ix_service_referral_receiver_id'))
        batch_op.drop_index(batch_op.f('ix_service_referral_person_id'))

    op.drop_table('service_referral')
