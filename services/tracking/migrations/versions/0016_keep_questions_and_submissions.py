"""Keep questions and submissions."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('question_set',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('title', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('component', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_set')),
    sa.UniqueConstraint('code', 'version', name=op.f('uq_question_set_code_version'))
    )
    op.create_table('intake_mapping',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('question_set_id', sa.Uuid(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['question_set_id'], ['question_set.id'], name=op.f('fk_intake_mapping_question_set_id_question_set')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intake_mapping')),
    sa.UniqueConstraint('question_set_id', 'code', name=op.f('uq_intake_mapping_question_set_id_code'))
    )
    op.create_table('submission',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('question_set_id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=True),
    sa.Column('place_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('place_told', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('collected_on', sa.Date(), nullable=True),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['question_set_id'], ['question_set.id'], name=op.f('fk_submission_question_set_id_question_set')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_submission')),
    sa.UniqueConstraint('question_set_id', 'external_id', name=op.f('uq_submission_question_set_id_external_id'))
    )
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_submission_place_pcode'), ['place_pcode'], unique=False)
        batch_op.create_index(batch_op.f('ix_submission_round_number'), ['round_number'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_submission_round_number'))
        batch_op.drop_index(batch_op.f('ix_submission_place_pcode'))

    op.drop_table('submission')
    op.drop_table('intake_mapping')
    op.drop_table('question_set')
