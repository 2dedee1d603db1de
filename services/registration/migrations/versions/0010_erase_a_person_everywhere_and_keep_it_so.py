"""Erase a person everywhere and keep it so."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('erased',
    sa.Column('erasure_id', sa.Uuid(), nullable=False),
    sa.Column('marks', sa.JSON(), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('erased_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('kept_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('erasure_id', name=op.f('pk_erased'))
    )
    op.create_table('erasure',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('requested_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('requested_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.Column('refusal', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('waits_for', sa.JSON(), nullable=False),
    sa.Column('told', sa.Integer(), nullable=False),
    sa.Column('told_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.Column('completed_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure'))
    )
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_erasure_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_erasure_status'), ['status'], unique=False)

    op.create_table('erasure_answer',
    sa.Column('erasure_id', sa.Uuid(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('answered_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('erasure_id', 'service', name=op.f('pk_erasure_answer'))
    )
    op.create_table('legal_hold',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ground', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('placed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('placed_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('lifted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('lifted_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_hold'))
    )
    with op.batch_alter_table('legal_hold', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_legal_hold_person_id'), ['person_id'], unique=False)

    op.create_table('tombstone',
    sa.Column('mark', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('erased_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('mark', name=op.f('pk_tombstone'))
    )


def downgrade() -> None:
    op.drop_table('tombstone')
    with op.batch_alter_table('legal_hold', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_legal_hold_person_id'))

    op.drop_table('legal_hold')
    op.drop_table('erasure_answer')
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_erasure_status'))
        batch_op.drop_index(batch_op.f('ix_erasure_person_id'))

    op.drop_table('erasure')
    op.drop_table('erased')
