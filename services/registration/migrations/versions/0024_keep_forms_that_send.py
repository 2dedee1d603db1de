"""Keep forms that send."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('intake_form',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('mapping_id', sa.Uuid(), nullable=False),
    sa.Column('places', sa.JSON(), nullable=False),
    sa.Column('secret_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('minute', sa.Integer(), nullable=False),
    sa.Column('in_minute', sa.Integer(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['mapping_id'], ['mapping.id'], name=op.f('fk_intake_form_mapping_id_mapping')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intake_form'))
    )
    with op.batch_alter_table('intake_form', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_intake_form_organisation_id'), ['organisation', 'id'], unique=False)

    op.create_table('submission',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('form_id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('uuid', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('instance', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('received_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('changed_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['form_id'], ['intake_form.id'], name=op.f('fk_submission_form_id_intake_form')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_submission')),
    sa.UniqueConstraint('form_id', 'uuid', name=op.f('uq_submission_form_id_uuid'))
    )
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_submission_form_id_instance'), ['form_id', 'instance'], unique=False)
        batch_op.create_index(batch_op.f('ix_submission_organisation_status_id'), ['organisation', 'status', 'id'], unique=False)

    op.create_table('submitted_person',
    sa.Column('submission_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['submission_id'], ['submission.id'], name=op.f('fk_submitted_person_submission_id_submission')),
    sa.PrimaryKeyConstraint('submission_id', 'person_id', name=op.f('pk_submitted_person'))
    )
    with op.batch_alter_table('submitted_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_submitted_person_person_id'), ['person_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('submitted_person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_submitted_person_person_id'))

    op.drop_table('submitted_person')
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_submission_organisation_status_id'))
        batch_op.drop_index(batch_op.f('ix_submission_form_id_instance'))

    op.drop_table('submission')
    with op.batch_alter_table('intake_form', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_intake_form_organisation_id'))

    op.drop_table('intake_form')
