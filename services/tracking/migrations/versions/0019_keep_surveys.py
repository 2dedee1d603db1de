"""Keep surveys."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('survey',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sampling', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('chosen', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('questions', sa.JSON(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey')),
    sa.UniqueConstraint('organisation', 'external_id', name=op.f('uq_survey_organisation_external_id'))
    )
    op.create_table('survey_sheet',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('sex', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('age_group', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('nationality', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_survey_sheet_site_id_site')),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_survey_sheet_survey_id_survey')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_sheet'))
    )
    with op.batch_alter_table('survey_sheet', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_survey_sheet_survey_id'), ['survey_id'], unique=False)

    op.create_table('survey_reply',
    sa.Column('sheet_id', sa.Uuid(), nullable=False),
    sa.Column('question', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('answer', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['sheet_id'], ['survey_sheet.id'], name=op.f('fk_survey_reply_sheet_id_survey_sheet')),
    sa.PrimaryKeyConstraint('sheet_id', 'question', 'answer', name=op.f('pk_survey_reply'))
    )
    with op.batch_alter_table('survey_reply', schema=None) as batch_op:
        batch_op.create_index('ix_survey_reply_survey_id_question', ['survey_id', 'question'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('survey_reply', schema=None) as batch_op:
        batch_op.drop_index('ix_survey_reply_survey_id_question')

    op.drop_table('survey_reply')
    with op.batch_alter_table('survey_sheet', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_survey_sheet_survey_id'))

    op.drop_table('survey_sheet')
    op.drop_table('survey')
