"""Forget a person and keep the counts."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0009'
down_revision = '0008'
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
    op.create_table('tombstone',
    sa.Column('mark', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('erased_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('mark', name=op.f('pk_tombstone'))
    )
    with op.batch_alter_table('distribution', schema=None) as batch_op:
        batch_op.alter_column('person_id',
               existing_type=sa.CHAR(length=32),
               nullable=True)
        batch_op.create_index(batch_op.f('ix_distribution_person_id'), ['person_id'], unique=False)

    with op.batch_alter_table('entitlement', schema=None) as batch_op:
        batch_op.alter_column('person_id',
               existing_type=sa.CHAR(length=32),
               nullable=True)



def downgrade() -> None:
    with op.batch_alter_table('entitlement', schema=None) as batch_op:
        batch_op.alter_column('person_id',
               existing_type=sa.CHAR(length=32),
               nullable=False)

    with op.batch_alter_table('distribution', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_distribution_person_id'))
        batch_op.alter_column('person_id',
               existing_type=sa.CHAR(length=32),
               nullable=False)

    op.drop_table('tombstone')
    op.drop_table('erased')
